"""How complete each source is: its last event, and the numbers of its `sequence` that have come.

Kept by merging (greatest time, union of intervals), never by counting, so a replay or another order gives the
same.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field

Interval = tuple[int, int, int]
"""First number, last number, time (UTC ms) of the event with the last number."""

MOST_INTERVALS = 10_000
"""Gaps remembered for a source and partition; beyond them the oldest one is taken as closed."""


@dataclass
class SourceState:
    """What one source has sent: last event per site (UTC ms), and its sequence numbers as ascending
    intervals.
    """

    last_ms: dict[str, int] = field(default_factory=dict)
    intervals: list[Interval] = field(default_factory=list)

    def hear(self, site: str, ms: int, sequence: str | None) -> None:
        """Takes in one event; `sequence` counts when it is a decimal integer."""
        if ms > self.last_ms.get(site, -1 << 62):
            self.last_ms[site] = ms
        if sequence and sequence.isascii() and sequence.isdigit() and len(sequence) <= 18:
            self._add(int(sequence), ms)

    def _add(self, number: int, ms: int) -> None:
        if len(self.intervals) > MOST_INTERVALS:
            # A source that skips numbers by design must not grow without bound.
            (lo, _, _), (_, hi, hi_ms) = self.intervals[:2]
            self.intervals[:2] = [(lo, hi, hi_ms)]
        intervals = self.intervals
        if intervals and number == intervals[-1][1] + 1:
            # Nearly always: the next number of a source in order.
            intervals[-1] = (intervals[-1][0], number, ms)
            return
        at = bisect_left(intervals, number, key=lambda interval: interval[1])
        if at < len(intervals) and intervals[at][0] <= number:
            lo, hi, hi_ms = intervals[at]
            if number == hi and ms > hi_ms:
                intervals[at] = (lo, hi, ms)
            return
        lo = hi = number
        hi_ms = ms
        if at < len(intervals) and intervals[at][0] == number + 1:
            _, hi, hi_ms = intervals.pop(at)
        if at and intervals[at - 1][1] == number - 1:
            lo = intervals.pop(at - 1)[0]
            at -= 1
        intervals.insert(at, (lo, hi, hi_ms))

    @property
    def complete_until(self) -> int:
        """The time of the last event, or of the last event before the first gap (UTC ms)."""
        last = max(self.last_ms.values())
        return min(self.intervals[0][2], last) if len(self.intervals) > 1 else last


WEEK_MS = 7 * 86_400_000


def complete_until(
    sources: Iterable[tuple[str, SourceState]], site: str, chain_last_ms: int
) -> tuple[int | None, list[str]]:
    """A site's completeness (UTC ms, None without a source) over its sources heard in the 7 days before the
    chain's last event.

    Returns also the names of the silent ones.
    """
    heard: list[int] = []
    silent: list[str] = []
    for name, state in sources:
        if site in state.last_ms:
            if max(state.last_ms.values()) >= chain_last_ms - WEEK_MS:
                heard.append(state.complete_until)
            else:
                silent.append(name)
    return (min(heard) if heard else None), silent
