"""Intervals, charts and fair rankings (docs/domain.md, section 6), by the standard library alone.

No observations give None, never 0 or NaN. Counts are pooled before they come here; sites are never averaged.
"""

from domain.statistics.change import Change, Difference, decompose, welch
from domain.statistics.charts import (
    LaneyChart,
    MovingRangeLimits,
    Signal,
    XmRChart,
    laney,
    moving_range_limits,
    xmr,
)
from domain.statistics.distributions import Z, gamma_quantile, gamma_upper_quantile, student_quantile
from domain.statistics.intervals import Interval, adjusted_wald, byar, garwood, student, wilson
from domain.statistics.ranking import FairRanking, RankedSite, SiteCount, rank_fairly

__all__ = [
    "Change",
    "Difference",
    "FairRanking",
    "Interval",
    "LaneyChart",
    "MovingRangeLimits",
    "RankedSite",
    "Signal",
    "SiteCount",
    "XmRChart",
    "Z",
    "adjusted_wald",
    "byar",
    "decompose",
    "gamma_quantile",
    "gamma_upper_quantile",
    "garwood",
    "laney",
    "moving_range_limits",
    "rank_fairly",
    "student",
    "student_quantile",
    "welch",
    "wilson",
    "xmr",
]
