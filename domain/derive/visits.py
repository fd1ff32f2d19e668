"""Visits: their moments, on what evidence departments own them, and the score (R15-R21)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from domain.derive.facts import LooseMoment, MomentFact, PromiseFact, VisitFact
from domain.derive.inforce import InForce
from domain.derive.stream import SiteStream
from domain.dictionary import SCORES
from domain.event import Event
from domain.events.moment import MomentOccurred
from domain.scoring import Basis, MomentInput, Position, timed_outcome, visit_ledger
from domain.times import Ms

WHOLLY_UNMEASURED = {"unmeasured": Fraction(1)}


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment before it is scored, explicit or derived from a fulfilled promise."""

    order: tuple[Ms, str, str]
    moment: str
    outcome: str
    moment_id: str
    promise_id: str | None
    case_id: str | None
    channel: str | None
    made_by: str | None
    derived: bool

    @property
    def at_ms(self) -> Ms:
        """When it happened."""
        return self.order[0]

    @property
    def score(self) -> int:
        """0 to 100."""
        return SCORES[self.outcome]


@dataclass(frozen=True, slots=True)
class Visits:
    """Derives the visits of one site from its stream and its promises."""

    site: str
    stream: SiteStream
    inforce: InForce
    promises: Mapping[str, PromiseFact]

    def derive(self) -> dict[str, VisitFact]:
        """A visit exists through its start, its end or a moment (R21)."""
        moments = self._moments()
        known = moments.keys() | self.stream.started.keys() | self.stream.ended.keys()
        return {visit_id: self._fact(visit_id, moments.get(visit_id, [])) for visit_id in sorted(known)}

    def loose(self) -> list[LooseMoment]:
        """Moments that name no visit."""
        return [self._loose(event, data) for event, data in self.stream.moments if data.visit_id is None]

    def _moments(self) -> dict[str, list[Moment]]:
        moments: defaultdict[str, list[Moment]] = defaultdict(list)
        explicit = set()
        for event, data in self.stream.moments:
            if data.visit_id is not None:
                moments[data.visit_id].append(_explicit(event, data))
                explicit.add((data.visit_id, data.promise_id))
        for promise in self.promises.values():
            if promise.visit_id is not None and (promise.visit_id, promise.promise_id) not in explicit:
                derived = self._derived(promise)
                if derived is not None:
                    moments[promise.visit_id].append(derived)
        return {
            visit_id: sorted(group, key=lambda moment: moment.order) for visit_id, group in moments.items()
        }

    def _derived(self, promise: PromiseFact) -> Moment | None:
        """Only a fulfilled promise yields one; its channel is the one the promise itself named (R16)."""
        if promise.ledger is None:
            return None
        fulfilment = self.stream.closed[promise.promise_id][0]
        return Moment(
            order=fulfilment.order,
            moment=promise.kind,
            outcome=timed_outcome(promise.ledger.elapsed_s, promise.window_s),
            moment_id=fulfilment.id,
            promise_id=promise.promise_id,
            case_id=promise.case_id,
            channel=promise.channel,
            made_by=None,
            derived=True,
        )

    def _fact(self, visit_id: str, moments: Sequence[Moment]) -> VisitFact:
        clock = self.inforce.calendar(self.site)
        started = self.stream.started.get(visit_id)
        ended = self.stream.ended.get(visit_id)
        if started is not None:
            at_ms = started[0].ms
        elif moments:
            at_ms = moments[0].at_ms
        else:
            assert ended is not None  # nothing else makes a visit
            at_ms = ended.ms
        inputs = [self._input(moment) for moment in moments]
        ledger = visit_ledger(inputs)
        facts = tuple(
            _moment_fact(moment, scored, line.weight, line.position, line.debit, line.credit)
            for moment, scored, line in zip(moments, inputs, ledger.lines, strict=True)
        )
        return VisitFact(
            site=self.site,
            visit_id=visit_id,
            channel=_channel(started[1].channel if started is not None else None, moments),
            business_date=clock.business_date(at_ms),
            hour=clock.local_hour_start(at_ms),
            at_ms=at_ms,
            started_ms=started[0].ms if started is not None else None,
            ended_ms=ended.ms if ended is not None else None,
            moments=facts,
            ves=ledger.ves,
            debit=ledger.debit,
            credit=ledger.credit,
            wow=visit_id in self.stream.wows or any(moment.outcome == "wow" for moment in moments),
        )

    def _input(self, moment: Moment) -> MomentInput:
        """Weight, multipliers and default split are those of the moment's own business date (R20)."""
        day = self.inforce.calendar(self.site).business_date(moment.at_ms)
        basis, split = self._evidence(moment)
        return MomentInput(
            score=moment.score,
            weight=self.inforce.weight(moment.moment, self.site, day),
            split=split if split is not None else self.inforce.split(moment.moment, self.site, day),
            basis=basis,
            multipliers=self.inforce.multipliers(self.site, day),
        )

    def _evidence(self, moment: Moment) -> tuple[Basis, Mapping[str, Fraction] | None]:
        """The best there is (R17, R18): the late promise it carries, a root cause, else the default."""
        promise = self.promises.get(moment.promise_id) if moment.promise_id is not None else None
        cause = self._root_cause(moment, promise)
        late = promise is not None and promise.state == "late" and moment.score < 75
        if promise is not None and late and (cause is None or promise.equivalents != WHOLLY_UNMEASURED):
            return "stage_overrun", promise.equivalents
        return ("root_cause", cause) if cause is not None else ("default", None)

    def _root_cause(self, moment: Moment, promise: PromiseFact | None) -> Mapping[str, Fraction] | None:
        causes = self.stream.causes
        own = causes.by_moment.get(moment.moment_id)
        if own is not None:
            return own
        by_own_case = causes.of_promise(moment.promise_id, moment.case_id)
        if by_own_case is not None or promise is None:
            return by_own_case
        return causes.of_promise(None, promise.case_id)

    def _loose(self, event: Event, data: MomentOccurred) -> LooseMoment:
        clock = self.inforce.calendar(self.site)
        return LooseMoment(
            site=self.site,
            source=event.source,
            event_id=event.id,
            moment=data.moment,
            moment_id=data.moment_id or event.id,
            promise_id=data.promise_id,
            at_ms=event.ms,
            outcome=data.outcome,
            score=SCORES[data.outcome],
            channel=data.channel,
            business_date=clock.business_date(event.ms),
            hour=clock.local_hour_start(event.ms),
        )


def _explicit(event: Event, data: MomentOccurred) -> Moment:
    return Moment(
        order=event.order,
        moment=data.moment,
        outcome=data.outcome,
        moment_id=data.moment_id or event.id,
        promise_id=data.promise_id,
        case_id=data.case_id,
        channel=data.channel,
        made_by=data.made_by,
        derived=False,
    )


def _channel(started: str | None, moments: Sequence[Moment]) -> str | None:
    return started or next((moment.channel for moment in moments if moment.channel is not None), None)


def _moment_fact(
    moment: Moment,
    scored: MomentInput,
    weight: Fraction,
    position: Position,
    debit: Fraction,
    credit: Fraction,
) -> MomentFact:
    at_ms, event_id, source = moment.order
    return MomentFact(
        moment=moment.moment,
        moment_id=moment.moment_id,
        event_id=event_id,
        source=source,
        promise_id=moment.promise_id,
        case_id=moment.case_id,
        at_ms=at_ms,
        outcome=moment.outcome,
        score=moment.score,
        made_by=moment.made_by,
        derived=moment.derived,
        type_weight=scored.weight,
        basis=scored.basis,
        split=scored.split,
        weight=weight,
        position=position,
        debit=debit,
        credit=credit,
    )
