"""The service standard of the chain or of one site: weights, splits, multipliers, budgets, targets, service
levels.
"""

from __future__ import annotations

from typing import ClassVar

from eventsourcing.domain import Aggregate

from domain.decisions.decision import Decision, Recording
from domain.decisions.vocabulary import check_departments
from domain.errors import DecisionRefused, Invalid
from domain.event import Event
from domain.events.structure import (
    BaselineReset,
    BudgetSet,
    MomentWeightSet,
    MultipliersSet,
    ServiceLevelSet,
    SplitSet,
    StandardSet,
)
from domain.structure import CHAIN, StructureState

HEAVIER, LIGHTER = "recovery", "order_taking"
"""How a failure is put right always weighs more than a trouble-free order."""


class ServiceStandard(Recording):
    """What a scope holds itself to; every value with the day from which it holds."""

    KIND: ClassVar[str] = "standard"

    class Begun(Aggregate.Created):
        """The scope took its first decision."""

        scope: str

    class WeightDecided(Recording.Decided):
        """A moment weighs differently from a day on."""

    class SplitDecided(Recording.Decided):
        """A moment has other default owners from a day on."""

    class MultipliersDecided(Recording.Decided):
        """First and last impressions count differently from a day on."""

    class BudgetDecided(Recording.Decided):
        """Promises of a kind have another plan from a day on."""

    class TargetDecided(Recording.Decided):
        """A measure has another target from a day on."""

    class ServiceLevelDecided(Recording.Decided):
        """A segment of customers is answered differently from a day on."""

    class BaselineDecided(Recording.Decided):
        """A measure's chart begins anew."""

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def decide(self, decision: Decision, structure: StructureState) -> None:
        """Accept the decision or refuse it by its rule. `structure` is the state in force before it."""
        data = decision.data
        match data:
            case MomentWeightSet():
                self.set_weight(decision, data, structure)
            case SplitSet():
                self.set_split(decision, data, structure)
            case MultipliersSet():
                self.set_multipliers(decision, data)
            case BudgetSet():
                self.set_budget(decision, data, structure)
            case StandardSet():
                decision.check_valid_from()
                decision.record(self, ServiceStandard.TargetDecided)
            case ServiceLevelSet():
                self.set_service_level(decision, data)
            case BaselineReset():
                decision.record(self, ServiceStandard.BaselineDecided)
            case _:
                raise TypeError(data.TYPE)

    def set_weight(self, decision: Decision, data: MomentWeightSet, structure: StructureState) -> None:
        """A weight is positive, and recovery weighs more than order_taking on every day and at every site."""
        _check_moment(data.moment, structure, "/data/moment")
        if data.weight <= 0:
            raise DecisionRefused("A weight is positive", "/data/weight")
        decision.check_valid_from()
        if data.moment in {HEAVIER, LIGHTER}:
            _check_recovery_outweighs(decision, structure)
        decision.record(self, ServiceStandard.WeightDecided)

    def set_split(self, decision: Decision, data: SplitSet, structure: StructureState) -> None:
        """A split names registered departments; that it sums to exactly 1 its type has checked."""
        _check_moment(data.moment, structure, "/data/moment")
        check_departments(data.split, structure.dictionary())
        decision.check_valid_from()
        decision.record(self, ServiceStandard.SplitDecided)

    def set_multipliers(self, decision: Decision, data: MultipliersSet) -> None:
        """Both factors are positive."""
        for name, factor in (("first", data.first), ("last", data.last)):
            if factor <= 0:
                raise DecisionRefused("A multiplier is positive", f"/data/{name}")
        decision.check_valid_from()
        decision.record(self, ServiceStandard.MultipliersDecided)

    def set_budget(self, decision: Decision, data: BudgetSet, structure: StructureState) -> None:
        """A plan has stages of registered departments, each with a positive budget."""
        _check_moment(data.kind, structure, "/data/kind")
        if not data.stages:
            raise DecisionRefused("A plan has at least one stage", "/data/stages")
        departments = structure.dictionary().departments
        for index, stage in enumerate(data.stages):
            if stage.department not in departments:
                pointer = f"/data/stages/{index}/department"
                raise Invalid("unknown_department", f"No department is called {stage.department!r}", pointer)
            if stage.budget_s <= 0:
                raise DecisionRefused("A budget is positive", f"/data/stages/{index}/budget_s")
        decision.check_valid_from()
        decision.record(self, ServiceStandard.BudgetDecided)

    def set_service_level(self, decision: Decision, data: ServiceLevelSet) -> None:
        """The time to respond is positive."""
        if data.response_s <= 0:
            raise DecisionRefused("A response time is positive", "/data/response_s")
        decision.check_valid_from()
        decision.record(self, ServiceStandard.ServiceLevelDecided)


def _check_moment(code: str, structure: StructureState, pointer: str) -> None:
    if code not in structure.dictionary().moments:
        raise Invalid("unknown_moment", f"No moment type is called {code!r}", pointer)


def _check_recovery_outweighs(decision: Decision, structure: StructureState) -> None:
    """Try the decision on a state of these two weights alone, and look at every day on which one of them
    changes.
    """
    trial = StructureState()
    scopes, days = {CHAIN, decision.site}, set()
    for version in structure.weights():
        if version.code in {HEAVIER, LIGHTER}:
            days.add(version.valid_from)
            if version.time >= 0:
                scopes.add(version.site)
                data = MomentWeightSet(
                    moment=version.code, weight=version.value, valid_from=version.valid_from
                )
                trial.apply(
                    Event(version.id, version.source, data.TYPE, version.time, version.site or None, data)
                )
    trial.apply(decision.decided)
    days.add(decision.data.valid_from)  # type: ignore[attr-defined]
    for scope in sorted(scopes):
        for day in sorted(days):
            if trial.weight(HEAVIER, scope, day) <= trial.weight(LIGHTER, scope, day):
                where = f"at {scope}" if scope else "in the chain"
                raise DecisionRefused(
                    f"{HEAVIER} must weigh more than {LIGHTER}; {where} from {day} it would not",
                    "/data/weight",
                )
