"""Up to when answers are complete: per source its last event or first gap, per site the least of its live
sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from api.services import Store

SILENT_AFTER = timedelta(days=7)
"""A source not heard for this long before the chain's last event holds nobody back: it is listed as
silent.
"""


@dataclass(frozen=True, slots=True)
class SourceMark:
    """One source at one site."""

    site: str
    source: str
    last_at: datetime
    complete_until: datetime
    gap: bool


@dataclass(frozen=True, slots=True)
class Watermarks:
    """All sources of the chain as of one position."""

    position: str
    sources: tuple[SourceMark, ...]
    sites: Mapping[str, datetime]
    heard: frozenset[str]
    """Sources heard in the 7 days before the chain's last event."""
    last_event: datetime | None

    def silent(self, mark: SourceMark) -> bool:
        return mark.source not in self.heard


_SQL = "SELECT site_id, source, last_at, complete_until, gap FROM moments.sources"


class Freshness:
    """The chain's watermarks, read once a position, since every answer carries the result. Blocking."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held: Watermarks | None = None

    def at(self, position: str) -> Watermarks:
        """Threads may read the same position twice at once; either result is right."""
        held = self._held
        if held is None or held.position != position:
            held = self._held = self._read(position)
        return held

    def complete_until(self, position: str, sites: frozenset[str] | None) -> str | None:
        """The least over the sites (None: all) that have a live source; None when none has."""
        marks = self.at(position)
        found = [until for site, until in marks.sites.items() if sites is None or site in sites]
        return utc(min(found)) if found else None

    def _read(self, position: str) -> Watermarks:
        sources = tuple(
            SourceMark(site, source, _aware(last), _aware(until), bool(gap))
            for site, source, last, until, gap in self._store.rows(_SQL)
        )
        last_event = max((mark.last_at for mark in sources), default=None)
        heard = frozenset(
            mark.source
            for mark in sources
            if last_event is not None and mark.last_at >= last_event - SILENT_AFTER
        )
        sites: dict[str, datetime] = {}
        for mark in sources:
            if mark.source in heard:
                sites[mark.site] = min(sites.get(mark.site, mark.complete_until), mark.complete_until)
        return Watermarks(position, sources, sites, heard, last_event)


def utc(at: datetime) -> str:
    """RFC 3339 in UTC; milliseconds only when there are any."""
    return (
        _aware(at).isoformat(timespec="milliseconds" if at.microsecond else "seconds").replace("+00:00", "Z")
    )


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)
