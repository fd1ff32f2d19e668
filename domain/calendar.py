"""A site's local time: business dates, local hours, and the pieces of constant offset that SQL joins to.

Built with zoneinfo. A piece is a span of instants with one UTC offset and one business-day start; daylight
saving, a changed zone or a changed day start begin a new one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from domain.times import DAY_MS, DAY_S, HOUR_MS, SECOND_MS, Ms

_ORDINAL_1970 = date(1970, 1, 1).toordinal()
_BLOCK_BITS = 35
"""Pieces are found and kept by blocks of 2^35 ms, a little more than a year."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """What a site's calendar depends on: IANA zone, and the local second of the day at which its business day
    begins.
    """

    timezone: str
    business_day_start_s: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """From (inclusive) to (exclusive) in UTC ms; seconds to add for local time; the second the day begins."""

    from_ms: Ms
    to_ms: Ms
    offset_s: int
    day_start_s: int


@dataclass(frozen=True, slots=True)
class _Regime:
    start: Ms
    settings: SiteSettings


class Calendar:
    """The local time of one site through all its settings.

    versions: (first business day, settings), ascending; the day of the first one is ignored, it holds since
    ever. A later version holds from the start of its business day, in its own zone and day start.
    """

    def __init__(self, versions: Sequence[tuple[date | None, SiteSettings]]) -> None:
        regimes = [_Regime(-(2**62), versions[0][1])]
        for day, settings in versions[1:]:
            assert day is not None, "only the first version holds since ever"
            start = day_start(settings, day)
            # Two changes a day apart with zones far apart can begin in reverse order: the later decision
            # wins.
            while len(regimes) > 1 and regimes[-1].start >= start:
                regimes.pop()
            regimes.append(_Regime(start, settings))
        self._regimes = regimes
        self._blocks: dict[int, tuple[list[Ms], list[Piece]]] = {}
        self._last = Piece(0, 0, 0, 0)

    def pieces(self, from_ms: Ms, to_ms: Ms) -> list[Piece]:
        """The pieces that cover [from_ms, to_ms), cut to it, ascending, gapless, neighbours different."""
        merged: list[Piece] = []
        for block in range(from_ms >> _BLOCK_BITS, ((to_ms - 1) >> _BLOCK_BITS) + 1):
            for piece in self._block(block)[1]:
                start, end = max(piece.from_ms, from_ms), min(piece.to_ms, to_ms)
                if start >= end:
                    continue
                last = merged[-1] if merged else None
                if last and (last.offset_s, last.day_start_s) == (piece.offset_s, piece.day_start_s):
                    merged[-1] = Piece(last.from_ms, end, piece.offset_s, piece.day_start_s)
                else:
                    merged.append(Piece(start, end, piece.offset_s, piece.day_start_s))
        return merged

    def offset_s(self, instant: Ms) -> int:
        """Seconds that local time is ahead of UTC at that instant."""
        return self._piece(instant).offset_s

    def business_date(self, instant: Ms) -> date:
        """The wall-clock date, one day less before the business day's start (R15)."""
        piece = self._piece(instant)
        days = (instant // SECOND_MS + piece.offset_s - piece.day_start_s) // DAY_S
        return date.fromordinal(days + _ORDINAL_1970)

    def local_hour_start(self, instant: Ms) -> Ms:
        """UTC milliseconds of the start of the local clock hour, also in zones like +05:30."""
        shift = self._piece(instant).offset_s * SECOND_MS
        return (instant + shift) // HOUR_MS * HOUR_MS - shift

    def day_start(self, day: date) -> Ms:
        """The first instant whose business date is that day or a later one."""
        noon = ((day.toordinal() - _ORDINAL_1970) * DAY_S + DAY_S // 2) * SECOND_MS
        return _first_of_day(self.pieces(noon - 3 * DAY_MS, noon + 3 * DAY_MS), day)

    def _piece(self, instant: Ms) -> Piece:
        last = self._last
        if last.from_ms <= instant < last.to_ms:
            return last
        starts, pieces = self._block(instant >> _BLOCK_BITS)
        self._last = piece = pieces[bisect_right(starts, instant) - 1]
        return piece

    def _block(self, block: int) -> tuple[list[Ms], list[Piece]]:
        known = self._blocks.get(block)
        if known is None:
            pieces = self._make_block(block << _BLOCK_BITS, (block + 1) << _BLOCK_BITS)
            known = self._blocks[block] = ([piece.from_ms for piece in pieces], pieces)
        return known

    def _make_block(self, start: Ms, end: Ms) -> list[Piece]:
        pieces: list[Piece] = []
        for index, regime in enumerate(self._regimes):
            from_ms = max(regime.start, start)
            to_ms = min(self._regimes[index + 1].start if index + 1 < len(self._regimes) else end, end)
            if from_ms < to_ms:
                pieces += _zone_pieces(regime.settings, from_ms, to_ms)
        return pieces


def day_start(settings: SiteSettings, day: date) -> Ms:
    """The first instant of a business day under these settings alone."""
    noon = ((day.toordinal() - _ORDINAL_1970) * DAY_S + DAY_S // 2) * SECOND_MS
    return _first_of_day(_zone_pieces(settings, noon - 3 * DAY_MS, noon + 3 * DAY_MS), day)


def seconds_of_day(text: str) -> int:
    """`04:30` as seconds since midnight."""
    hours, minutes = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60


def _first_of_day(pieces: Sequence[Piece], day: date) -> Ms:
    wall = (day.toordinal() - _ORDINAL_1970) * DAY_S
    for piece in pieces:
        # In a gap of the clock the day begins with the piece after it; of an hour that comes twice the first
        # counts.
        begins = max(piece.from_ms, (wall + piece.day_start_s - piece.offset_s) * SECOND_MS)
        if begins < piece.to_ms:
            return begins
    raise AssertionError("pieces span the day by construction")


def _zone_pieces(settings: SiteSettings, from_ms: Ms, to_ms: Ms) -> list[Piece]:
    pieces: list[Piece] = []
    first, last = from_ms >> _BLOCK_BITS, (to_ms - 1) >> _BLOCK_BITS
    for block in range(first, last + 1):
        changes = _offsets(settings.timezone, block)
        for index, (start, offset) in enumerate(changes):
            end = changes[index + 1][0] if index + 1 < len(changes) else (block + 1) << _BLOCK_BITS
            low, high = max(start, from_ms), min(end, to_ms)
            if low < high:
                pieces.append(Piece(low, high, offset, settings.business_day_start_s))
    return pieces


@lru_cache(maxsize=4096)
def _offsets(zone_name: str, block: int) -> tuple[tuple[Ms, int], ...]:
    """The UTC offsets of a zone within a block, each with the instant from which it holds.

    zoneinfo does not publish its transitions, so they are found by looking at every day and halving between
    two that differ. Two transitions within a day that cancel each other would be missed; no zone has any.
    """
    zone = ZoneInfo(zone_name)
    start, end = (block << _BLOCK_BITS) // SECOND_MS, ((block + 1) << _BLOCK_BITS) // SECOND_MS
    offset = _offset_at(zone, start)
    found = [(block << _BLOCK_BITS, offset)]
    for day in range(start, end, DAY_S):
        until = min(day + DAY_S, end)
        if _offset_at(zone, until) == offset:
            continue
        low, high = day, until
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _offset_at(zone, middle) == offset else (low, middle)
        offset = _offset_at(zone, high)
        found.append((high * SECOND_MS, offset))
    return tuple(found)


def _offset_at(zone: ZoneInfo, second: int) -> int:
    offset = (_EPOCH + timedelta(seconds=second)).astimezone(zone).utcoffset()
    assert offset is not None
    return offset.days * DAY_S + offset.seconds
