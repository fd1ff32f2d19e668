"""What derivation asks of the decisions in force, and of the site's clock."""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Protocol

from domain.events import DeclaredStage
from domain.scoring import Multipliers
from domain.times import Ms


class SiteClock(Protocol):
    """A site's wall clock and business day."""

    def business_date(self, instant: Ms, /) -> date:
        """The wall clock's date, one day less before the day start."""

    def local_hour_start(self, instant: Ms, /) -> Ms:
        """The instant at which the site's local clock hour began."""


class InForce(Protocol):
    """Decisions by the business day on which they are asked for (R20)."""

    def calendar(self, site: str, /) -> SiteClock:
        """The site's clock."""

    def weight(self, moment: str, site: str, day: date, /) -> Fraction:
        """Weight of a moment type."""

    def split(self, moment: str, site: str, day: date, /) -> Mapping[str, Fraction]:
        """Default owners of a moment type, summing to one."""

    def multipliers(self, site: str, day: date, /) -> Multipliers:
        """Factor of the first and of the last moment of a visit."""

    def budget(self, kind: str, site: str, day: date, /) -> Sequence[DeclaredStage] | None:
        """The plan of promises that declare none."""
