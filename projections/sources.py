"""The stored form of each source's completeness."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pyarrow as pa

from projections.completeness import SourceState
from projections.store import Store

_SCHEMA: Final = pa.schema(
    [
        ("part", pa.uint32()),
        ("source", pa.string()),
        ("version", pa.uint64()),
        ("sites", pa.list_(pa.string())),
        ("last_ms", pa.list_(pa.int64())),
        ("lo", pa.list_(pa.int64())),
        ("hi", pa.list_(pa.int64())),
        ("hi_ms", pa.list_(pa.int64())),
    ]
)


Heard = tuple[int, str]
"""(feed partition, source): one that reports for sites of several partitions has a state in each; the view
merges them."""


def load_sources(store: Store, generation: str) -> dict[Heard, SourceState]:
    """Every source of a generation with what is known of it in each partition."""
    rows = store.rows(
        "SELECT part, source, sites, last_ms, lo, hi, hi_ms FROM $gen.sources FINAL", gen=generation
    )
    return {
        (int(part), source): SourceState(
            dict(zip(sites, last, strict=True)), list(zip(lo, hi, hi_ms, strict=True))
        )
        for part, source, sites, last, lo, hi, hi_ms in rows
    }


def write_sources(store: Store, generation: str, sources: Mapping[Heard, SourceState], version: int) -> None:
    """Writes the state of these sources; the greatest version of a source is the source."""
    rows = [
        (
            *heard,
            version,
            sorted(state.last_ms),
            [state.last_ms[site] for site in sorted(state.last_ms)],  # in an order that no arrival changes
            [lo for lo, _, _ in state.intervals],
            [hi for _, hi, _ in state.intervals],
            [hi_ms for _, _, hi_ms in state.intervals],
        )
        for heard, state in sources.items()
    ]
    store.insert_rows(f"{generation}.sources", _SCHEMA, rows)
