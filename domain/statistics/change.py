"""What changed between two periods or groups: mix against rate, and the difference of two means."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt

from domain.statistics.distributions import student_quantile
from domain.statistics.intervals import TAIL, Interval, variance


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a mean split in two; `total` is exactly `mix` + `rate`."""

    mix: Fraction
    rate: Fraction

    @property
    def total(self) -> Fraction:
        """The whole change."""
        return self.mix + self.rate


@dataclass(frozen=True, slots=True)
class Difference:
    """Mean of the first group less that of the second, with Welch's interval and degrees of freedom."""

    value: float
    interval: Interval
    degrees: float | None


def decompose(
    before: Mapping[str, tuple[Fraction | float, Fraction | float]],
    after: Mapping[str, tuple[Fraction | float, Fraction | float]],
) -> Change:
    """Split a change into mix and rate, by cell (channel, daypart ...) given as (weight, value).

    mix = sum (w1-w0)(p0+p1)/2, rate = sum (w0+w1)/2 (p1-p0). A cell that one period lacks weighs 0 there and
    has the value of the other, so it counts as mix.
    """
    mix = rate = Fraction(0)
    for cell in before.keys() | after.keys():
        w0, p0 = (Fraction(number) for number in before.get(cell, (0, after.get(cell, (0, 0))[1])))
        w1, p1 = (Fraction(number) for number in after.get(cell, (0, p0)))
        mix += (w1 - w0) * (p0 + p1) / 2
        rate += (w0 + w1) / 2 * (p1 - p0)
    return Change(mix, rate)


def welch(
    first: tuple[float, float | Fraction, float | Fraction],
    second: tuple[float, float | Fraction, float | Fraction],
) -> Difference | None:
    """Difference of two means with unequal variances (Welch 1947), each given as (n, sum, sum of squares).

    None when a group has fewer than two observations. Groups without any spread have an interval of no width
    and no degrees of freedom.
    """
    if first[0] < 2 or second[0] < 2:
        return None
    value = float(Fraction(first[1]) / Fraction(first[0]) - Fraction(second[1]) / Fraction(second[0]))
    parts = [variance(*group) / group[0] for group in (first, second)]
    whole = sum(parts)
    if not whole:
        return Difference(value, Interval(value, value), None)
    degrees = whole**2 / (parts[0] ** 2 / (first[0] - 1) + parts[1] ** 2 / (second[0] - 1))
    margin = student_quantile(1 - TAIL, degrees) * sqrt(whole)
    return Difference(value, Interval(value - margin, value + margin), degrees)
