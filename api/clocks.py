"""Stretches of constant offset of the zones in use, by which hours are labelled."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from domain.calendar import Calendar, SiteSettings
from domain.times import Ms
from projections.kpi import ClockPiece
from projections.scope import Span

EARLIEST: Ms = 0
LATEST: Ms = 4_102_444_800_000
"""Instants that rows of facts can have: 1970 up to 2100."""


def clock_pieces(zones: Iterable[str], span: Span) -> tuple[ClockPiece, ...]:
    """Pieces of every zone that touch the span (two days wider, since a local date is no instant)."""
    start, end = _instant(span.start, EARLIEST, -2), _instant(span.end, LATEST, 2)
    if start >= end:
        return ()
    return tuple(
        ClockPiece(zone, piece.from_ms // 1000, -(-piece.to_ms // 1000), piece.offset_s)
        for zone in zones
        for piece in _calendar(zone).pieces(start, end)
    )


def _instant(bound: date | int | None, default: Ms, days: int) -> Ms:
    if bound is None:
        return default
    if isinstance(bound, date):
        bound = int(datetime.combine(bound, time(), UTC).timestamp() * 1000)
    return min(max(bound + int(timedelta(days=days).total_seconds()) * 1000, EARLIEST), LATEST)


@lru_cache(maxsize=512)
def _calendar(zone: str) -> Calendar:
    return Calendar([(None, SiteSettings(zone))])
