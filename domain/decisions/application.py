"""The application of the decisions: finds the aggregate, lets it decide, hands over what is to be stored.

It never writes by itself: the log stores a decision's CloudEvent and the aggregates' rows in one transaction,
so that neither exists without the other. One writer (the log's) is presumed, and one batch of decisions at a
time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.persistence import ApplicationRecorder, StoredEvent
from eventsourcing.utils import EnvType

from domain.calendar import Calendar, SiteSettings, seconds_of_day
from domain.cloudevents import CloudEvent
from domain.decisions.chain import Chain
from domain.decisions.decision import Decision, Recording, day_of, decided_of, timestamp
from domain.decisions.site import Site, check_registration
from domain.decisions.standard import ServiceStandard
from domain.decisions.vocabulary import Vocabulary
from domain.errors import Invalid
from domain.events import EventData
from domain.events.structure import (
    ChannelRegistered,
    DepartmentRegistered,
    MomentRegistered,
    SiteChanged,
    SiteClosed,
    SiteRegistered,
)
from domain.structure import CHAIN, StructureState
from domain.times import Ms

TRecording = TypeVar("TRecording", bound=Recording)


class Decisions(Application[UUID]):
    """The aggregates Chain, Vocabulary, Site and ServiceStandard over one recorder.

    recorder: the log's own; without one, as `env` says (eventsourcing's PERSISTENCE_MODULE and so on).
    """

    name = "moments"

    def __init__(self, env: EnvType | None = None, *, recorder: ApplicationRecorder | None = None) -> None:
        self._given_recorder = recorder
        super().__init__(env)
        self._aggregates: dict[UUID, Recording] = {}
        self._structure: StructureState | None = None

    def construct_recorder(self) -> ApplicationRecorder:
        """The log's recorder, so that decisions and facts share one table and one transaction."""
        return self._given_recorder or super().construct_recorder()

    @property
    def structure(self) -> StructureState:
        """The state in force, decisions that wait to be stored included. Ask again after `forget_pending`."""
        return self._structure if self._structure is not None else self.load()

    def load(self) -> StructureState:
        """Rebuild the state in force from the aggregates: the register names them, nothing else is read."""
        structure = StructureState()
        for aggregate in self._all():
            for fact in aggregate.facts:
                structure.apply(decided_of(fact))
        self._structure = structure
        return structure

    def decide(self, event: CloudEvent, data: EventData, *, admin: bool, now_ms: Ms) -> list[Recording]:
        """Let the aggregates decide on one event; the aggregates that changed, none when it was decided
        before.

        Nothing is stored. Raises DecisionRefused or Invalid, and then nothing has changed.
        """
        if self.structure.knows(event.source, event.id):
            return []
        decision = Decision(event, data, day_of(event, self.structure), now_ms, admin)
        match data:
            case SiteRegistered():
                touched = self._register_site(decision, data)
            case SiteChanged():
                touched = self._with_site(decision, Site.change)
            case SiteClosed():
                touched = self._with_site(decision, Site.close)
            case DepartmentRegistered() | ChannelRegistered() | MomentRegistered():
                touched = self._register_word(decision)
            case _ if data.DECISION:
                touched = self._set_standard(decision)
            case _:
                raise TypeError(f"{data.TYPE} is no decision")
        self.structure.apply(decision.decided)
        return touched

    def pending_stored_events(self) -> list[StoredEvent]:
        """The rows of everything decided since the last call, to be stored in the event's own transaction."""
        return [
            self.mapper.to_stored_event(change)
            for aggregate in self._aggregates.values()
            if aggregate.pending_events
            for change in aggregate.collect_events()
        ]

    def forget_pending(self) -> None:
        """What was decided could not be stored: go back to what the recorder holds."""
        self._aggregates.clear()
        self._structure = None

    # Each kind of decision.

    def _register_site(self, decision: Decision, data: SiteRegistered) -> list[Recording]:
        code = _required_site(decision)
        known = self._find(Site, code)
        if known is not None:
            known.register_again(decision)
            return [known]
        calendar = Calendar([(None, SiteSettings(data.timezone, seconds_of_day(data.business_day_start)))])
        today = calendar.business_date(decision.event.ms)
        decision = Decision(decision.event, data, today, decision.now, decision.admin)
        check_registration(decision)
        site = self._create(Site, Site.Registered, decision, code, code=code, fact=decision.fact())
        chain = self._chain(decision)
        chain.trigger_event(Chain.SiteAdded, code=code, timestamp=timestamp(decision.now))
        return [site, chain]

    def _with_site(self, decision: Decision, command: Any) -> list[Recording]:
        site = self._find(Site, _required_site(decision))
        if site is None:
            raise _unknown_site(decision)
        command(site, decision)
        return [site]

    def _register_word(self, decision: Decision) -> list[Recording]:
        self._check_scope(decision)
        known = self._find(Vocabulary, "")
        if known is None:
            # Judged before it is made: a refused first word must leave nothing behind.
            known = self._build(Vocabulary, Vocabulary.Begun, decision, "")
        known.register(decision, self.structure.dictionary())
        self._aggregates[known.id] = known
        return [known]

    def _set_standard(self, decision: Decision) -> list[Recording]:
        self._check_scope(decision)
        scope = decision.site
        known = self._find(ServiceStandard, scope)
        if known is not None:
            known.decide(decision, self.structure)
            return [known]
        standard = self._build(ServiceStandard, ServiceStandard.Begun, decision, scope, scope=scope)
        standard.decide(decision, self.structure)
        self._aggregates[standard.id] = standard
        chain = self._chain(decision)
        chain.trigger_event(Chain.StandardAdded, scope=scope, timestamp=timestamp(decision.now))
        return [standard, chain]

    def _check_scope(self, decision: Decision) -> None:
        if decision.site != CHAIN and not self.structure.has_site(decision.site):
            raise _unknown_site(decision)

    # Finding and making aggregates.

    def _all(self) -> Iterator[Recording]:
        chain = self._find(Chain, "")
        vocabulary = self._find(Vocabulary, "")
        if vocabulary is not None:
            yield vocabulary
        if chain is None:
            return
        for kind, codes in ((Site, chain.sites), (ServiceStandard, chain.standards)):
            for code in codes:
                aggregate = self._find(kind, code)
                assert aggregate is not None, f"the register names {kind.KIND} {code!r}"
                yield aggregate

    def _chain(self, decision: Decision) -> Chain:
        return self._find(Chain, "") or self._create(Chain, Chain.Begun, decision, "")

    def _find(self, kind: type[TRecording], code: str) -> TRecording | None:
        aggregate_id = kind.id_of(code)
        known = self._aggregates.get(aggregate_id)
        if known is None:
            try:
                found: TRecording = self.repository.get(aggregate_id)
            except AggregateNotFoundError:
                return None
            self._aggregates[aggregate_id] = found
            return found
        assert isinstance(known, kind)
        return known

    def _create(
        self, kind: type[TRecording], created: Any, decision: Decision, key: str, **state: Any
    ) -> TRecording:
        aggregate = self._build(kind, created, decision, key, **state)
        self._aggregates[aggregate.id] = aggregate
        return aggregate

    def _build(
        self, kind: type[TRecording], created: Any, decision: Decision, key: str, **state: Any
    ) -> TRecording:
        return kind._create(created, id=kind.id_of(key), timestamp=timestamp(decision.now), **state)  # noqa: SLF001


def _required_site(decision: Decision) -> str:
    if not decision.event.siteid:
        raise Invalid("missing_attribute", "The site is the siteid attribute", "/siteid")
    return decision.event.siteid


def _unknown_site(decision: Decision) -> Invalid:
    return Invalid("unknown_site", f"No site is called {decision.site!r}", "/siteid")
