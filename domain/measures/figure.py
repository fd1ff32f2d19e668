"""From sums to a shown figure: value, interval, and whether there is enough behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from domain import statistics
from domain.measures.measure import Interval, Kind, Measure

PEOPLE_N = 5
"""Data about people with fewer observations are hidden."""


class Sums(NamedTuple):
    """What a measure's SELECT adds up; `squares` is Σ of the squared observations."""

    numerator: float
    denominator: float
    n: float
    squares: float


class Figure(NamedTuple):
    """A value as shown, in the measure's unit. `value` is None without observations or when hidden, never 0
    or NaN.

    A hidden figure keeps its `n` alone.
    """

    value: float | None
    lo: float | None
    hi: float | None
    low_n: bool
    hidden: bool


def figure(measure: Measure, sums: Sums) -> Figure:
    """The figure of one measure from its sums, with the interval its catalogue entry names."""
    low_n = sums.n < measure.low_n
    if measure.people and sums.n < PEOPLE_N:
        return Figure(None, None, None, low_n, hidden=True)
    if measure.kind is Kind.TOTAL:
        value = measure.scale * sums.numerator if sums.n else None
    else:
        value = measure.scale * sums.numerator / sums.denominator if sums.denominator else None
    if value is None:
        return Figure(None, None, None, low_n, hidden=False)
    ends = _INTERVALS[measure.interval](measure, sums)
    if ends is None:
        return Figure(value, None, None, low_n, hidden=False)
    return Figure(value, ends.lo, ends.hi, low_n, hidden=False)


def _wilson(_: Measure, sums: Sums) -> statistics.Interval | None:
    return statistics.wilson(sums.numerator, sums.denominator)


def _student(measure: Measure, sums: Sums) -> statistics.Interval | None:
    ends = statistics.student(sums.n, sums.numerator, sums.squares)
    return ends and statistics.Interval(measure.scale * ends.lo, measure.scale * ends.hi)


def _adjusted_wald(_: Measure, sums: Sums) -> statistics.Interval | None:
    """Answers are +1, 0, -1: their sum is promoters less detractors, the sum of squares is both together."""
    promoters = (sums.squares + sums.numerator) / 2
    return statistics.adjusted_wald(promoters, sums.squares - promoters, sums.n)


def _garwood(measure: Measure, sums: Sums) -> statistics.Interval | None:
    return statistics.garwood(sums.numerator, sums.denominator, per=measure.scale)


def _none(_: Measure, __: Sums) -> None:
    """A total or a ratio of quantities: nothing was sampled, so no interval is claimed."""


_INTERVALS: dict[Interval, Callable[[Measure, Sums], statistics.Interval | None]] = {
    Interval.WILSON: _wilson,
    Interval.STUDENT: _student,
    Interval.ADJUSTED_WALD: _adjusted_wald,
    Interval.GARWOOD: _garwood,
    Interval.NONE: _none,
}
