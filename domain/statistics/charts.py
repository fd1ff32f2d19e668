"""Process-behaviour charts: XmR for single values (Wheeler), Laney's p' for proportions with large n."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from statistics import fmean
from typing import Literal

LIMITS = 2.66
"""3 / 1.128: three sigma, sigma estimated from moving ranges of two."""
UPPER_RANGE = 3.268
RANGE_TO_SIGMA = 1.128
BASELINE = 20
"""Points after which the limits are frozen until a `baseline.reset`."""

Rule = Literal["outside", "run_of_8", "3_of_4"]


@dataclass(frozen=True, slots=True)
class MovingRangeLimits:
    """Natural process limits and the upper limit of the moving ranges."""

    centre: float
    mean_range: float
    lower: float
    upper: float
    upper_range: float


@dataclass(frozen=True, slots=True)
class Signal:
    """The point, by index, at which a rule was fulfilled."""

    index: int
    rule: Rule


@dataclass(frozen=True, slots=True)
class XmRChart:
    """Limits, at most one signal a point (the strongest rule), and the moving ranges beyond their own limit.
    """

    limits: MovingRangeLimits
    signals: tuple[Signal, ...]
    range_signals: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LaneyChart:
    """A proportion's centre and, point by point, limits that allow for the spread between periods."""

    centre: float
    sigma_z: float
    limits: tuple[tuple[float, float], ...]


def moving_range_limits(values: Sequence[float]) -> MovingRangeLimits | None:
    """Limits of these values; None for fewer than two."""
    if len(values) < 2:
        return None
    centre = fmean(values)
    mean_range = fmean(_ranges(values))
    return MovingRangeLimits(
        centre,
        mean_range,
        centre - LIMITS * mean_range,
        centre + LIMITS * mean_range,
        UPPER_RANGE * mean_range,
    )


def xmr(values: Sequence[float], baseline: int | None = None) -> XmRChart | None:
    """The chart of `values` in order of time, limits taken from the first `baseline` of them (all when None).

    The caller passes what follows the last `baseline.reset`. None where no limits exist.
    """
    limits = moving_range_limits(values if baseline is None else values[:baseline])
    if limits is None:
        return None
    signals = []
    for index in range(len(values)):
        rule = _rule(values, index, limits)
        if rule is not None:
            signals.append(Signal(index, rule))
    beyond = tuple(
        index for index, spread in enumerate(_ranges(values), start=1) if spread > limits.upper_range
    )
    return XmRChart(limits, tuple(signals), beyond)


def laney(defects: Sequence[float], n: Sequence[float], *, floor: bool = True) -> LaneyChart | None:
    """Laney's p' chart (2002), limits cut to 0 and 1; periods without observations are left to the caller.

    `floor` keeps sigma_z at 1 or more, so that the limits are never narrower than the binomial's. None for
    fewer than two periods. Where every period is all or none, the limits are the centre.
    """
    if len(defects) != len(n) or any(size <= 0 for size in n):
        raise ValueError("needs as many counts as sizes, and positive sizes")
    if len(n) < 2:
        return None
    centre = sum(defects) / sum(n)
    sigmas = [sqrt(centre * (1 - centre) / size) for size in n]
    sigma_z = 1.0
    if sigmas[0] > 0:
        scores = [(x / size - centre) / sigma for x, size, sigma in zip(defects, n, sigmas, strict=True)]
        sigma_z = fmean(_ranges(scores)) / RANGE_TO_SIGMA
    spread = 3 * (max(1.0, sigma_z) if floor else sigma_z)
    limits = tuple((max(0.0, centre - spread * sigma), min(1.0, centre + spread * sigma)) for sigma in sigmas)
    return LaneyChart(centre, sigma_z, limits)


def _ranges(values: Sequence[float]) -> list[float]:
    return [abs(after - before) for before, after in pairwise(values)]


def _rule(values: Sequence[float], index: int, limits: MovingRangeLimits) -> Rule | None:
    """The strongest rule that the points up to this one fulfil with this one among them."""
    value = values[index]
    if not limits.lower <= value <= limits.upper:
        return "outside"
    side = 1 if value > limits.centre else -1
    run = values[max(0, index - 7) : index + 1]
    if len(run) == 8 and all(side * (point - limits.centre) > 0 for point in run):
        return "run_of_8"
    limit = limits.upper if side > 0 else limits.lower
    halfway = (limits.centre + limit) / 2
    recent = values[max(0, index - 3) : index + 1]
    near = [side * (point - halfway) > 0 for point in recent]
    if near[-1] and sum(near) >= 3:
        return "3_of_4"
    return None
