"""The share of a feed that one projector owns: its partitions, and the sites whose events stand on them.

Facts of a site have one writer at a time, the owner of its partition: rows of two writers would be told apart
by their epochs only, and the later epoch need not have seen the later event. So what no event drives (the
clock, decisions that reach back) is done by each owner for its own sites.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

import pyarrow as pa

from projections.store import Store

DECIDED: Final = 1 << 31
"""Added to a partition's number in `positions`: up to which decision its facts have been brought."""

_SCHEMA: Final = pa.schema([("part", pa.uint32()), ("site_id", pa.string())])


class Share:
    """What one projector may write.

    Args:
        store: the ClickHouse store.
        scratch: this projector's own database, for the table of its sites.
        shared: False: one projector owns the feed whole, and nothing is restricted.
    """

    def __init__(self, store: Store, scratch: str, *, shared: bool) -> None:
        self._store = store
        self._scratch = scratch
        self._shared = shared
        self._sites: set[tuple[int, str]] = set()
        self.parts: frozenset[int] = frozenset()

    def take(self, parts: Collection[int], sites: Iterable[tuple[int, str]]) -> None:
        """From now on these partitions, with these (partition, site) on them."""
        self.parts = frozenset(part for part in parts if not part & DECIDED)
        self._sites = set()
        if self._shared:
            self._store.command(
                "CREATE TABLE IF NOT EXISTS $scratch.own_sites (part UInt32, site_id String) ENGINE = Memory",
                scratch=self._scratch,
            )
            self._store.command("TRUNCATE TABLE $scratch.own_sites", scratch=self._scratch)
            self.hear(sites)

    def hear(self, sites: Iterable[tuple[int, str]]) -> None:
        """Sites that have been heard of on their partitions."""
        if self._shared and (new := {each for each in sites if each[0] in self.parts} - self._sites):
            self._store.insert_rows(f"{self._scratch}.own_sites", _SCHEMA, sorted(new))
            self._sites |= new

    @property
    def own(self) -> str:
        """SQL condition on `site_id`: the sites of all partitions owned."""
        return f"site_id IN (SELECT site_id FROM {self._scratch}.own_sites)" if self._shared else "1"

    def of(self, part: int) -> str:
        """SQL condition on `site_id`: the sites of one partition owned."""
        if not self._shared:
            return "1"
        return f"site_id IN (SELECT site_id FROM {self._scratch}.own_sites WHERE part = {part})"

    @property
    def queues(self) -> Collection[int]:
        """The partitions with a queue each of what decisions reach back to; (0,) for a feed owned whole."""
        return sorted(self.parts) if self._shared else (0,)
