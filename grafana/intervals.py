"""Intervals as SQL expressions (docs/domain.md, section 6), checked against `domain.statistics`.

Every function takes SQL expressions of Float64 and gives the expressions of both ends, NULL without
observations, in the unit of the value.
"""

from __future__ import annotations

from domain.measures import Interval, Kind, Measure
from domain.statistics import Z, student_quantile

Ends = tuple[str, str]

NOTHING = "CAST(NULL AS Nullable(Float64))"
_TABLED = 60
"""Degrees of freedom read from a table; beyond it the expansion is good to 1e-9 of the quantile."""


def ends_of(measure: Measure, *, x: str = "x", d: str = "d", size: str = "size", q: str = "q") -> Ends:
    """Both ends of the interval that a measure's catalogue entry names."""
    match measure.interval:
        case Interval.WILSON:
            return wilson(x, d)
        case Interval.STUDENT:
            return _scaled(student(x, size, q), measure.scale)
        case Interval.ADJUSTED_WALD:
            return adjusted_wald(f"({q} + {x}) / 2", f"({q} - {x}) / 2", size)
        case Interval.GARWOOD:
            return byar(x, d, measure.scale)
        case _:
            return NOTHING, NOTHING


def value_of(measure: Measure, *, x: str = "x", d: str = "d", size: str = "size") -> str:
    """The value itself: NULL without observations, never 0 or NaN."""
    times = "" if measure.scale == 1 else f"{measure.scale:.17g} * "
    if measure.kind is Kind.TOTAL:
        return f"if({size} = 0, NULL, {times}{x})"
    return f"if({d} = 0, NULL, {times}{x} / {d})"


def wilson(x: str, n: str) -> Ends:
    """A proportion (Wilson 1927): x successes out of n."""
    centre = f"({x} / {n} + {Z * Z / 2!r} / {n})"
    margin = f"{Z!r} * sqrt({x} / {n} * (1 - {x} / {n}) / {n} + {Z * Z / 4!r} / ({n} * {n}))"
    shrink = f"(1 + {Z * Z!r} / {n})"
    lo = f"multiIf({n} = 0, NULL, {x} <= 0, 0., greatest(0., ({centre} - {margin}) / {shrink}))"
    hi = f"multiIf({n} = 0, NULL, {x} >= {n}, 1., least(1., ({centre} + {margin}) / {shrink}))"
    return lo, hi


def student(x: str, n: str, q: str) -> Ends:
    """A mean of n values with sum x and sum of squares q; NULL for n < 2, where no spread is known."""
    spread = f"sqrt(greatest(0., ({q} - {x} * {x} / {n}) / ({n} - 1)) / {n})"
    margin = f"{student_t(f'({n} - 1)')} * {spread}"
    return (
        f"if({n} < 2, NULL, {x} / {n} - {margin})",
        f"if({n} < 2, NULL, {x} / {n} + {margin})",
    )


def student_t(degrees: str) -> str:
    """The two-sided 95 % point of Student's t for whole degrees of freedom, good to 1e-9.

    Up to 60 degrees from a table, above by Cornish and Fisher's expansion (Abramowitz and Stegun 26.7.5).
    """
    tabled = ", ".join(repr(student_quantile(0.975, degree)) for degree in range(1, _TABLED + 1))
    z = Z
    g1 = (z**3 + z) / 4
    g2 = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    g3 = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    g4 = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    series = (
        f"{z!r} + ({g1!r} + ({g2!r} + ({g3!r} + {g4!r} / {degrees}) / {degrees}) / {degrees}) / {degrees}"
    )
    index = f"toUInt8(least(greatest({degrees}, 1), {_TABLED}))"
    return f"if({degrees} <= {_TABLED}, arrayElement([{tabled}], {index}), {series})"


def adjusted_wald(promoters: str, detractors: str, n: str) -> Ends:
    """A net promoter score in points: three more answers, 3/4 promoters, 3/4 detractors, cut to ±100."""
    up, down = f"(({promoters}) + 0.75) / ({n} + 3)", f"(({detractors}) + 0.75) / ({n} + 3)"
    net = f"({up} - {down})"
    margin = f"{Z!r} * sqrt(({up} + {down} - {net} * {net}) / ({n} + 3))"
    return (
        f"if({n} = 0, NULL, greatest(-100., 100 * ({net} - {margin})))",
        f"if({n} = 0, NULL, least(100., 100 * ({net} + {margin})))",
    )


def byar(events: str, exposure: str, per: float) -> Ends:
    """A rate per `per` of exposure (Byar's approximation of the exact Poisson interval that the API gives).

    Within 1 % of it from 5 events on. No event still has an upper end.
    """
    more = f"({events} + 1)"
    low = f"{events} * pow(1 - 1 / (9 * {events}) - {Z!r} / (3 * sqrt({events})), 3)"
    high = f"{more} * pow(1 - 1 / (9 * {more}) + {Z!r} / (3 * sqrt({more})), 3)"
    return (
        f"multiIf({exposure} = 0, NULL, {events} <= 0, 0., {per:.17g} * greatest(0., {low}) / {exposure})",
        f"if({exposure} = 0, NULL, {per:.17g} * {high} / {exposure})",
    )


def _scaled(ends: Ends, scale: float) -> Ends:
    if scale == 1:
        return ends
    return f"{scale:.17g} * {ends[0]}", f"{scale:.17g} * {ends[1]}"
