"""The events of one site, in their order, by what they say about whom."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from domain.attribution import BlockedInterval, StageCompletion, StageStart
from domain.event import Event
from domain.events import EventData
from domain.events.cause import AttributionResolved, RootCauseAssigned
from domain.events.feedback import ComplaintMade, FeedbackGiven, ReviewPosted
from domain.events.moment import MomentOccurred
from domain.events.promise import PromiseCancelled, PromiseFulfilled, PromiseMade, PromiseRevised
from domain.events.recovery import FailureReported, RefundPaid, RefundRequested
from domain.events.stage import StageBlocked, StageCompleted, StageStarted
from domain.events.visit import VisitEnded, VisitStarted, WowDelivered

Split = Mapping[str, Fraction]
OUTCOMES = (FeedbackGiven, ComplaintMade, ReviewPosted, RefundPaid, RefundRequested)


@dataclass(slots=True)
class RootCauses:
    """The latest root cause of each target (R17); one that names several targets is assigned to each."""

    by_moment: dict[str, Split] = field(default_factory=dict)
    by_promise: dict[str, Split] = field(default_factory=dict)
    by_case: dict[str, Split] = field(default_factory=dict)

    def note(self, cause: RootCauseAssigned | AttributionResolved) -> None:
        """Later calls win: events come in their order. A dispute resolved without a split names no cause."""
        if cause.split is None:
            return
        # A dispute is about a promise or a moment; the case it may carry is context, not what it settles.
        case_id = cause.case_id if isinstance(cause, RootCauseAssigned) else None
        for target, known in (
            (cause.moment_id, self.by_moment),
            (cause.promise_id, self.by_promise),
            (case_id, self.by_case),
        ):
            if target is not None:
                known[target] = cause.split

    def of_promise(self, promise_id: str | None, case_id: str | None) -> Split | None:
        """By the promise, else by the case."""
        by_promise = self.by_promise.get(promise_id) if promise_id is not None else None
        if by_promise is not None or case_id is None:
            return by_promise
        return self.by_case.get(case_id)


@dataclass(slots=True)
class StageEvents:
    """What was reported about the stages of one promise."""

    starts: list[StageStart] = field(default_factory=list)
    completions: list[StageCompletion] = field(default_factory=list)
    blocked: list[BlockedInterval] = field(default_factory=list)


@dataclass(slots=True)
class SiteStream:
    """Where several events could say the same thing, the one that counts by R4 and R5 is kept."""

    made: dict[str, tuple[Event, PromiseMade]] = field(default_factory=dict)
    closed: dict[str, tuple[Event, PromiseFulfilled | PromiseCancelled]] = field(default_factory=dict)
    stages: defaultdict[str, StageEvents] = field(default_factory=lambda: defaultdict(StageEvents))
    named: set[str] = field(default_factory=set)
    """Promises that any event of a promise or of its stages names."""
    causes: RootCauses = field(default_factory=RootCauses)
    case_visits: dict[str, str] = field(default_factory=dict)
    started: dict[str, tuple[Event, VisitStarted]] = field(default_factory=dict)
    ended: dict[str, Event] = field(default_factory=dict)
    moments: list[tuple[Event, MomentOccurred]] = field(default_factory=list)
    wows: set[str] = field(default_factory=set)
    outcomes: list[Event] = field(default_factory=list)


def streams_by_site(events: Iterable[Event]) -> dict[str, SiteStream]:
    """Sort events by (time, id, source) and file them; ids belong to their site (R22)."""
    streams: defaultdict[str, SiteStream] = defaultdict(SiteStream)
    for event in sorted(events, key=lambda event: event.order):
        if event.siteid is not None:
            _file(streams[event.siteid], event)
    return dict(streams)


def visit_of(stream: SiteStream, data: EventData) -> str | None:
    """The visit it names, else the one its case was first reported for (R14)."""
    if data.visit_id is not None or data.case_id is None:
        return data.visit_id
    return stream.case_visits.get(data.case_id)


def _file(stream: SiteStream, event: Event) -> None:
    data = event.data
    if isinstance(data, MomentOccurred):
        stream.moments.append((event, data))
    elif isinstance(data, PromiseMade | PromiseFulfilled | PromiseCancelled | PromiseRevised):
        _file_promise(stream, event, data)
    elif isinstance(data, StageStarted | StageCompleted | StageBlocked):
        _file_stage(stream, event, data)
    elif isinstance(data, VisitStarted):
        stream.started.setdefault(data.visit_id, (event, data))
    elif isinstance(data, VisitEnded):
        stream.ended.setdefault(data.visit_id, event)
    elif isinstance(data, WowDelivered):
        stream.wows.add(data.visit_id)
    elif isinstance(data, FailureReported):
        if data.visit_id is not None:
            stream.case_visits.setdefault(data.case_id, data.visit_id)
    elif isinstance(data, RootCauseAssigned | AttributionResolved):
        stream.causes.note(data)
    elif isinstance(data, OUTCOMES):
        stream.outcomes.append(event)


def _file_promise(
    stream: SiteStream,
    event: Event,
    data: PromiseMade | PromiseFulfilled | PromiseCancelled | PromiseRevised,
) -> None:
    stream.named.add(data.promise_id)
    if isinstance(data, PromiseMade):
        stream.made.setdefault(data.promise_id, (event, data))
    elif isinstance(data, PromiseFulfilled | PromiseCancelled):
        stream.closed.setdefault(data.promise_id, (event, data))


def _file_stage(stream: SiteStream, event: Event, data: StageStarted | StageCompleted | StageBlocked) -> None:
    stream.named.add(data.promise_id)
    stages = stream.stages[data.promise_id]
    if isinstance(data, StageStarted):
        stages.starts.append(StageStart(data.stage, event.order, data.group))
    elif isinstance(data, StageCompleted):
        stages.completions.append(
            StageCompletion(data.stage, data.department, event.order, data.group, data.actual_s)
        )
    else:
        stages.blocked.append(
            BlockedInterval(data.cause_department, data.from_, data.to, data.stage, event.order)
        )
