"""Promises: their state by the clock, their ledger, and who owns a missed one (R5-R9, R14, R15)."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from domain.attribution import PlannedStage, PromiseInput, PromiseLedger, attribute, stage_reports
from domain.derive.facts import PromiseFact, State
from domain.derive.inforce import InForce
from domain.derive.stream import SiteStream, StageEvents, visit_of
from domain.event import Event
from domain.events.promise import PromiseFulfilled, PromiseMade
from domain.times import DAY_MS, Ms

BROKEN_AFTER_MS = DAY_MS
FINAL_AFTER_MS = 3 * DAY_MS


@dataclass(frozen=True, slots=True)
class Promises:
    """Derives the promises of one site."""

    site: str
    stream: SiteStream
    inforce: InForce
    as_of: Ms

    def derive(self) -> dict[str, PromiseFact]:
        """Every promise that was made, with its own channel only: visits are not known yet."""
        return {promise_id: self._fact(event, data) for promise_id, (event, data) in self.stream.made.items()}

    def _fact(self, event: Event, data: PromiseMade) -> PromiseFact:
        clock = self.inforce.calendar(self.site)
        day = clock.business_date(event.ms)
        planned = self._plan(data, day)
        ledger = self._ledger(event, data, planned)
        due_ms = data.due(event.ms)
        state, settled_ms = self._state(data.promise_id, due_ms, ledger)
        closed = self.stream.closed.get(data.promise_id)
        return PromiseFact(
            site=self.site,
            promise_id=data.promise_id,
            visit_id=visit_of(self.stream, data),
            case_id=data.case_id,
            kind=data.kind,
            made_by=data.made_by,
            channel=data.channel,
            business_date=day,
            hour=clock.local_hour_start(event.ms),
            state=state,
            made_ms=event.ms,
            due_ms=due_ms,
            closed_ms=closed[0].ms if closed is not None else None,
            final=settled_ms is not None and self.as_of >= settled_ms + FINAL_AFTER_MS,
            window_s=data.window(event.ms),
            planned=planned,
            ledger=ledger,
            equivalents=self._equivalents(data, state, ledger),
        )

    def _plan(self, data: PromiseMade, day: date) -> tuple[PlannedStage, ...]:
        """What it declares, else the budget of its kind in force on the day it was made."""
        stages = data.stages or self.inforce.budget(data.kind, self.site, day) or ()
        return tuple(
            PlannedStage(stage.stage, stage.department, stage.budget_s, stage.group) for stage in stages
        )

    def _ledger(
        self, event: Event, data: PromiseMade, planned: tuple[PlannedStage, ...]
    ) -> PromiseLedger | None:
        closed = self.stream.closed.get(data.promise_id)
        if closed is None or not isinstance(closed[1], PromiseFulfilled):
            return None
        reported = self.stream.stages.get(data.promise_id, StageEvents())
        return attribute(
            PromiseInput(
                made_ms=event.ms,
                fulfilled_ms=closed[0].ms,
                window_s=data.window(event.ms),
                made_by=data.made_by,
                planned=planned,
                reports=stage_reports(reported.starts, reported.completions),
                blocked=tuple(reported.blocked),
            )
        )

    def _state(
        self, promise_id: str, due_ms: Ms, ledger: PromiseLedger | None
    ) -> tuple[State, Ms | None]:
        """The state, and since when it is settled (None while open)."""
        closed = self.stream.closed.get(promise_id)
        if closed is None:
            breaks_ms = due_ms + BROKEN_AFTER_MS
            return ("broken", breaks_ms) if self.as_of >= breaks_ms else ("open", None)
        event, data = closed
        if ledger is not None:
            return ("late" if ledger.late else "kept"), event.ms
        in_time = not isinstance(data, PromiseFulfilled) and data.by == "customer" and event.ms <= due_ms
        return ("cancelled" if in_time else "broken"), event.ms

    def _equivalents(
        self, data: PromiseMade, state: State, ledger: PromiseLedger | None
    ) -> dict[str, Fraction]:
        if state == "broken":
            cause = self.stream.causes.of_promise(data.promise_id, data.case_id)
            owners = cause or {"unmeasured": Fraction(1)}
            return {department: share for department, share in owners.items() if share}
        return ledger.shares if ledger is not None else {}
