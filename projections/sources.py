"""The stored form of each source's completeness."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pyarrow as pa

from projections.completeness import SourceState
from projections.store import Store

_SCHEMA: Final = pa.schema(
    [
        ("source", pa.string()), ("version", pa.uint64()), ("sites", pa.list_(pa.string())), ("last_ms", pa.list_(pa.int64())),
        ("lo", pa.list_(pa.int64())), ("hi", pa.list_(pa.int64())), ("hi_ms", pa.list_(pa.int64())),
    ]
)  # fmt: skip


def load_sources(store: Store, generation: str) -> dict[str, SourceState]:
    """Every source of a generation with what is known of it."""
    rows = store.rows("SELECT source, sites, last_ms, lo, hi, hi_ms FROM $gen.sources FINAL", gen=generation)
    return {
        source: SourceState(dict(zip(sites, last, strict=True)), list(zip(lo, hi, hi_ms, strict=True)))
        for source, sites, last, lo, hi, hi_ms in rows
    }


def write_sources(store: Store, generation: str, sources: Mapping[str, SourceState], version: int) -> None:
    """Writes the state of these sources; the greatest version of a source is the source."""
    rows = [
        (
            name, version, list(state.last_ms), list(state.last_ms.values()), [lo for lo, _, _ in state.intervals],
            [hi for _, hi, _ in state.intervals], [hi_ms for _, _, hi_ms in state.intervals],
        )
        for name, state in sources.items()
    ]  # fmt: skip
    store.insert_rows(f"{generation}.sources", _SCHEMA, rows)
