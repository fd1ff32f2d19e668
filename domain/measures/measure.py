"""What a measure is: the one place that says how a figure is called, computed, read and judged.

A measure is one catalogue entry (in `domain/measures/<area>.py`) and one SELECT (in
`projections/measures/<code>.sql`). API, boards, alerts and docs read both; nothing else repeats a formula.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

Words = Mapping[str, str]
"""Language (en, uk, ru) to text."""


class Kind(StrEnum):
    """How sums become a value: every kind but `total` is scale · Σnumerator / Σdenominator."""

    PROPORTION = "proportion"  # successes out of n
    MEAN = "mean"  # of n observed values, whose squares are summed too
    NPS = "nps"  # mean of +1, 0, -1 in points of 100
    RATE = "rate"  # events per 1,000 of something that is not their own kind
    TOTAL = "total"  # scale · Σnumerator: minutes, points, promise-equivalents
    RATIO = "ratio"  # quantity over quantity: no sampling interval is claimed


class Interval(StrEnum):
    """Interval method (95 %, z = 1.959963984540054); see docs/domain.md section 6 for the papers."""

    WILSON = "wilson"
    STUDENT = "student"
    ADJUSTED_WALD = "adjusted_wald"
    GARWOOD = "garwood"
    NONE = "none"


class Dimension(StrEnum):
    """What a measure may be grouped and filtered by."""

    SITE = "site"
    REGION = "region"
    CHANNEL = "channel"
    DEPARTMENT = "department"
    TIER = "tier"


class Direction(StrEnum):
    """Which way is better."""

    UP = "up"
    DOWN = "down"
    NEUTRAL = "neutral"


WHOLE = (Dimension.SITE, Dimension.REGION, Dimension.CHANNEL)
BY_DEPARTMENT = (*WHOLE, Dimension.DEPARTMENT, Dimension.TIER)
"""A measure with these dimensions has a second part in its SELECT file: one row per department that has a
line.
"""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where a value starts to ask for attention; on the worse side of `warning`, then of `critical`."""

    warning: float
    critical: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One entry of the catalogue.

    `unit` is what values, quantities, standard and thresholds are in: `ratio` (fraction of 1), `score` (0 to
    100), `nps` (-100 to 100), `minutes`, `points`, `promises`, `per_1000`.
    `formula`, `numerator`, `denominator` and `n` are words in every language, as the title is: boards show
    them in their own, the API and the documentation in English.
    `source` names the public views the SELECT reads. `n` says what one observation is, whole and by
    department. `people` marks data about employees: fewer than 5 observations are hidden.
    `shared` says that its quantity is shared out among departments (`/v1/shares`).
    `unowned` names the measure whose quantity belongs to nobody and is shown beside this one's shares.
    """

    code: str
    area: str = ""
    title: Words
    unit: str
    direction: Direction
    kind: Kind
    scale: float = 1.0
    formula: Words
    numerator: Words
    denominator: Words
    n: Words
    source: tuple[str, ...]
    owner_tier: str
    owner_departments: tuple[str, ...]
    dimensions: tuple[Dimension, ...] = WHOLE
    standard: float | None = None
    thresholds: Thresholds | None = None
    interval: Interval
    low_n: int = 30
    people: bool = False
    unowned: str = ""
    shared: bool = False

    @property
    def by_department(self) -> bool:
        return Dimension.DEPARTMENT in self.dimensions
