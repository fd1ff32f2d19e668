"""Ranking sites fairly: proportions shrunk towards the chain's mean by as much as the sites prove to be
alike.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from domain.statistics.intervals import Interval, wilson

ENOUGH = 30
"""Observations below which a site is shown but never ranked."""

Band = Literal["above", "middle", "below"]


@dataclass(frozen=True, slots=True)
class SiteCount:
    """Successes `x` out of `n` observations of one site."""

    site: str
    x: int
    n: int


@dataclass(frozen=True, slots=True)
class RankedSite:
    """`interval` is Wilson's of the raw value; `band` says whether all of it lies on one side of the mean.

    `rank` is None below 30 observations or where no ranks are given.
    """

    site: str
    n: int
    raw: float
    shrunk: float
    interval: Interval
    band: Band
    rank: int | None


@dataclass(frozen=True, slots=True)
class FairRanking:
    """`kappa` is the weight of the mean in observations, None where nothing proves that sites differ."""

    mean: float
    tau_squared: float
    kappa: float | None
    sites: tuple[RankedSite, ...]

    @property
    def ranked(self) -> bool:
        """False: no evidence that sites differ."""
        return self.kappa is not None


def rank_fairly(counts: Iterable[SiteCount]) -> FairRanking | None:
    """Beta-binomial shrinkage by moments; None without observations. Sites without any are left out.

    Exact arithmetic decides whether there is evidence at all. Ranks 1, 2, ... go by shrunk value from high to
    low, then larger n, then site code (R26).
    """
    observed = sorted((count for count in counts if count.n > 0), key=lambda count: count.site)
    if not observed:
        return None
    mean, tau_squared = _moments(observed)
    kappa = max(Fraction(0), mean * (1 - mean) / tau_squared - 1) if tau_squared else None
    shrunk = {
        count.site: mean if kappa is None else (count.x + kappa * mean) / (count.n + kappa)
        for count in observed
    }
    eligible = [count for count in observed if count.n >= ENOUGH and kappa is not None]
    eligible.sort(key=lambda count: (-shrunk[count.site], -count.n, count.site))
    ranks = {count.site: rank for rank, count in enumerate(eligible, start=1)}
    sites = tuple(_site(count, shrunk[count.site], mean, ranks.get(count.site)) for count in observed)
    return FairRanking(float(mean), float(tau_squared), None if kappa is None else float(kappa), sites)


def _moments(counts: list[SiteCount]) -> tuple[Fraction, Fraction]:
    """The pooled mean and the variance between sites, at least 0."""
    whole = sum(count.n for count in counts)
    mean = Fraction(sum(count.x for count in counts), whole)
    degrees = len(counts) - 1
    scale = whole - Fraction(sum(count.n**2 for count in counts), whole) - degrees
    if not degrees or scale <= 0:
        return mean, Fraction(0)
    spread = sum((count.n * (Fraction(count.x, count.n) - mean) ** 2 for count in counts), Fraction(0))
    return mean, max(Fraction(0), (spread - degrees * mean * (1 - mean)) / scale)


def _site(count: SiteCount, shrunk: Fraction, mean: Fraction, rank: int | None) -> RankedSite:
    interval = wilson(count.x, count.n)
    assert interval is not None
    band: Band = "above" if interval.lo > mean else "below" if interval.hi < mean else "middle"
    return RankedSite(count.site, count.n, count.x / count.n, float(shrunk), interval, band, rank)
