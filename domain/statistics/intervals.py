"""95 % intervals of proportions, means, net promoter scores and rates."""

from fractions import Fraction
from functools import lru_cache
from math import sqrt
from sys import float_info
from typing import NamedTuple

from domain.statistics.distributions import Z, gamma_quantile, gamma_upper_quantile, student_quantile

TAIL = 0.025


class Interval(NamedTuple):
    """Both ends, in the unit of the value."""

    lo: float
    hi: float


def wilson(successes: float, n: float) -> Interval | None:
    """A proportion, as a fraction of 1 (Wilson 1927); None for n = 0."""
    if not n:
        return None
    p = successes / n
    shrink = 1 + Z * Z / n
    centre = (p + Z * Z / (2 * n)) / shrink
    margin = Z / shrink * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    # At the ends the formula gives exactly 0 and 1; only its rounding does not.
    lo = 0.0 if successes <= 0 else max(0.0, centre - margin)
    hi = 1.0 if successes >= n else min(1.0, centre + margin)
    return Interval(lo, hi)


def variance(n: float, total: float | Fraction, squares: float | Fraction) -> float:
    """Sample variance from n, the sum and the sum of squares.

    The difference is taken exactly, so that nothing is lost to cancellation but what the sums lost
    themselves: what a sum of floats cannot tell from no spread at all is none.
    """
    exact_n, exact_total = Fraction(n), Fraction(total)
    spread = Fraction(squares) - exact_total * exact_total / exact_n
    noise = 4 * exact_n * Fraction(float_info.epsilon) * Fraction(squares)
    if isinstance(squares, float) and spread <= noise:
        return 0.0
    return float(max(Fraction(0), spread / (exact_n - 1)))


def student(n: float, total: float | Fraction, squares: float | Fraction) -> Interval | None:
    """A mean by Student's t with n - 1 degrees of freedom; None for n < 2, where no spread is known."""
    if n < 2:
        return None
    mean = float(Fraction(total) / Fraction(n))
    margin = student_quantile(1 - TAIL, n - 1) * sqrt(variance(n, total, squares) / n)
    return Interval(mean - margin, mean + margin)


def adjusted_wald(promoters: float, detractors: float, n: float) -> Interval | None:
    """A net promoter score in points, -100 to 100; None for n = 0.

    Agresti and Coull's idea for a difference of two shares: three more answers, 3/4 promoters and 3/4
    detractors.
    """
    if not n:
        return None
    larger = n + 3
    up, down = (promoters + 0.75) / larger, (detractors + 0.75) / larger
    margin = Z * sqrt((up + down - (up - down) ** 2) / larger)
    return Interval(max(-100.0, 100 * (up - down - margin)), min(100.0, 100 * (up - down + margin)))


def garwood(events: float, exposure: float, per: float = 1000) -> Interval | None:
    """A rate of rare events per `per` of exposure, exact Poisson (Garwood 1936); None without exposure.

    No event still has an upper bound.
    """
    if not exposure:
        return None
    lo, hi = _garwood_count(events)
    return Interval(per * lo / exposure, per * hi / exposure)


@lru_cache(maxsize=16384)
def _garwood_count(events: float) -> tuple[float, float]:
    lo = gamma_quantile(TAIL, events) if events > 0 else 0.0
    return lo, gamma_upper_quantile(TAIL, events + 1)


def byar(events: float, exposure: float, per: float = 1000) -> Interval | None:
    """Byar's approximation of the same interval, simple enough for SQL; None without exposure."""
    if not exposure:
        return None
    lo = events * (1 - 1 / (9 * events) - Z / (3 * sqrt(events))) ** 3 if events > 0 else 0.0
    more = events + 1
    hi = more * (1 - 1 / (9 * more) + Z / (3 * sqrt(more))) ** 3
    return Interval(per * max(0.0, lo) / exposure, per * hi / exposure)
