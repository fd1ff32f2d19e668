"""Decisions on sites, dictionary and standards; aggregates (domain/decisions) check their rules.

Without a siteid they hold for the chain. `valid_from` is the first business day on which a decision holds; it
is never before the day of the decision's own time unless the decision says `retroactive`.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

import msgspec

from domain.events.base import EventData
from domain.events.wire import (
    DeclaredStage,
    Id,
    MomentCode,
    NewCode,
    Ratio,
    Seconds,
    Split,
    Text,
    Title,
    ZoneName,
    check_stage_names,
)

DayStart = Annotated[str, msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$(?!\n)")]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
Phase = Literal["before", "arrive", "choose", "make", "deliver", "pay", "leave", "recover", "after"]


class Decision(EventData, kw_only=True, frozen=True):
    """What every decision may carry besides the common fields.

    retroactive: an admin's word that the decision may hold from an earlier day and re-derive the past.
    """

    DECISION: ClassVar[bool] = True

    retroactive: bool = False


class SiteRegistered(Decision, kw_only=True, frozen=True):
    """`moments.site.registered`: a restaurant or store joins the chain; the site is the `siteid` attribute.

    region: the region it belongs to.
    kind: restaurant or store.
    timezone: IANA time zone.
    business_day_start: local time HH:MM at which its business day begins.
    currency: three letters, ISO 4217.
    name: what people call it.
    opened: the day it opened.
    valid_from: first day the record was so; what came before is read by the same record.
    """

    TYPE: ClassVar[str] = "moments.site.registered"

    region: Id
    kind: Literal["restaurant", "store"]
    timezone: ZoneName
    business_day_start: DayStart
    currency: Currency
    name: Text | None = None
    opened: date | None = None
    valid_from: date | None = None


class SiteChanged(Decision, kw_only=True, frozen=True):
    """`moments.site.changed`: a site's record changes; fields left out stay as they were.

    region: the region it belongs to.
    kind: restaurant or store.
    timezone: IANA time zone.
    business_day_start: local time HH:MM at which its business day begins.
    currency: three letters, ISO 4217.
    name: what people call it.
    opened: the day it opened.
    valid_from: first business day of the new record; absent: since opening, which re-dates the past.
    """

    TYPE: ClassVar[str] = "moments.site.changed"

    region: Id | None = None
    kind: Literal["restaurant", "store"] | None = None
    timezone: ZoneName | None = None
    business_day_start: DayStart | None = None
    currency: Currency | None = None
    name: Text | None = None
    opened: date | None = None
    valid_from: date | None = None


class SiteClosed(Decision, kw_only=True, frozen=True):
    """`moments.site.closed`: a site closes for good; late events of it are still taken in.

    closed: its last day; absent: the day of the event.
    """

    TYPE: ClassVar[str] = "moments.site.closed"

    closed: date | None = None


class DepartmentRegistered(Decision, kw_only=True, frozen=True):
    """`moments.department.registered`: a department joins the dictionary; codes are never reused.

    department: its code.
    tier: provider, support, management, external or unassigned.
    title: its title, text or an object of language (en, uk, ru) and text.
    """

    TYPE: ClassVar[str] = "moments.department.registered"

    department: NewCode
    tier: Literal["provider", "support", "management", "external", "unassigned"]
    title: Title


class ChannelRegistered(Decision, kw_only=True, frozen=True):
    """`moments.channel.registered`: a channel joins the dictionary.

    code: its code.
    title: its title, text or an object of language (en, uk, ru) and text.
    """

    TYPE: ClassVar[str] = "moments.channel.registered"

    code: NewCode
    title: Title


class MomentRegistered(Decision, kw_only=True, frozen=True):
    """`moments.moment.registered`: a moment type joins the dictionary.

    code: its code.
    title: its title, text or an object of language (en, uk, ru) and text.
    phase: before, arrive, choose, make, deliver, pay, leave, recover or after.
    ring: experience, core or support.
    weight: its weight until a moment_weight.set; positive.
    split: its default owners until a split.set; the shares sum to exactly 1.
    made_by: what usually makes it: system or human.
    site_kind: restaurant, store or both.
    """

    TYPE: ClassVar[str] = "moments.moment.registered"

    code: NewCode
    title: Title
    phase: Phase
    ring: Literal["experience", "core", "support"]
    weight: Ratio
    split: Split
    made_by: Literal["system", "human"] = "human"
    site_kind: Literal["restaurant", "store", "both"] = "both"


class MomentWeightSet(Decision, kw_only=True, frozen=True):
    """`moments.moment_weight.set`: a moment weighs differently from a day on.

    moment: the moment type.
    weight: its weight, positive; recovery always weighs more than order_taking.
    valid_from: first business day.
    """

    TYPE: ClassVar[str] = "moments.moment_weight.set"

    moment: MomentCode
    weight: Ratio
    valid_from: date


class SplitSet(Decision, kw_only=True, frozen=True):
    """`moments.split.set`: a moment has other default owners from a day on.

    moment: the moment type.
    split: department to share; the shares sum to exactly 1.
    valid_from: first business day.
    """

    TYPE: ClassVar[str] = "moments.split.set"

    moment: MomentCode
    split: Split
    valid_from: date


class MultipliersSet(Decision, kw_only=True, frozen=True):
    """`moments.multipliers.set`: the first and the last moment of a visit count differently from a day on.

    first: factor of the first of several moments, positive.
    last: factor of the last moment, positive.
    valid_from: first business day.
    """

    TYPE: ClassVar[str] = "moments.multipliers.set"

    first: Ratio
    last: Ratio
    valid_from: date


class StandardSet(Decision, kw_only=True, frozen=True):
    """`moments.standard.set`: the target of a measure from a day on.

    kpi: the measure's code.
    target: the value to reach, in the measure's unit.
    thresholds: name to value, such as amber and red.
    valid_from: first business day.
    """

    TYPE: ClassVar[str] = "moments.standard.set"

    kpi: Id
    target: float
    valid_from: date
    thresholds: dict[str, float] | None = None


class BudgetSet(Decision, kw_only=True, frozen=True):
    """`moments.budget.set`: the plan of promises of one kind that declare no stages.

    kind: the moment type of the promises.
    stages: stages with department, budget_s (positive) and, for parallel ones, group.
    valid_from: first business day; the day a promise was made decides.
    """

    TYPE: ClassVar[str] = "moments.budget.set"

    kind: MomentCode
    stages: tuple[DeclaredStage, ...]
    valid_from: date

    def __post_init__(self) -> None:
        check_stage_names(self.stages)


class ServiceLevelSet(Decision, kw_only=True, frozen=True):
    """`moments.service_level.set`: how soon a segment of customers is answered.

    segment: the customers' segment.
    promise: what is promised to them.
    response_s: within how many seconds, positive.
    valid_from: first business day; absent: the day of the event.
    """

    TYPE: ClassVar[str] = "moments.service_level.set"

    segment: Id
    promise: Id
    response_s: Seconds
    valid_from: date | None = None


class BaselineReset(Decision, kw_only=True, frozen=True):
    """`moments.baseline.reset`: the frozen baseline of a measure's chart begins anew at the event's time.

    kpi: the measure's code.
    reason: why.
    """

    TYPE: ClassVar[str] = "moments.baseline.reset"

    kpi: Id
    reason: Text
