"""Outcomes: what customers said, asked back or were paid, shared out like the debit of their visit (R19)."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from domain.derive.facts import Outcome, OutcomeFact, OutcomeKind, VisitFact, allocate
from domain.derive.inforce import InForce
from domain.derive.stream import SiteStream, visit_of
from domain.event import Event
from domain.events import EventData
from domain.events.feedback import ComplaintMade, FeedbackGiven, ReviewPosted
from domain.events.recovery import RefundPaid, RefundRequested

DETRACTOR = 6
"""Highest score of a detractor on the net promoter scale."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What an outcome event says; `visit_id` is the visit it belongs to."""

    kind: OutcomeKind
    visit_id: str | None
    outcome: Outcome | None = None
    score: float | None = None
    amount: Fraction | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Derives the outcomes of one site from its stream and its visits."""

    site: str
    stream: SiteStream
    inforce: InForce
    visits: Mapping[str, VisitFact]

    def derive(self) -> list[OutcomeFact]:
        """One fact for every outcome event."""
        return [self._fact(event) for event in self.stream.outcomes]

    def _fact(self, event: Event) -> OutcomeFact:
        clock = self.inforce.calendar(self.site)
        reading = self._read(event.data)
        visit = self.visits.get(reading.visit_id) if reading.visit_id is not None else None
        quantity = reading.amount if reading.amount is not None else Fraction(1)
        return OutcomeFact(
            site=self.site,
            source=event.source,
            event_id=event.id,
            kind=reading.kind,
            score=reading.score,
            amount=reading.amount,
            currency=reading.currency,
            at_ms=event.ms,
            channel=event.data.channel or (visit.channel if visit is not None else None),
            business_date=clock.business_date(event.ms),
            hour=clock.local_hour_start(event.ms),
            visit_id=reading.visit_id,
            case_id=event.data.case_id,
            outcome=reading.outcome,
            ledger=allocate(visit, quantity) if reading.outcome is not None else {},
        )

    def _read(self, data: EventData) -> _Reading:
        """A complaint or refund may find its visit through its case (R14), other outcomes may not."""
        if isinstance(data, FeedbackGiven):
            detractor = data.instrument == "nps" and data.score <= DETRACTOR
            return _Reading(
                data.instrument, data.visit_id, "detractors" if detractor else None, score=data.score
            )
        if isinstance(data, ReviewPosted):
            one_star = data.stars == 1
            return _Reading("review", data.visit_id, "one_star" if one_star else None, score=data.stars)
        visit_id = visit_of(self.stream, data)
        if isinstance(data, ComplaintMade):
            return _Reading("complaint", visit_id, "complaints")
        assert isinstance(data, RefundPaid | RefundRequested)  # the stream files no other outcome
        amount, currency = Fraction(data.amount.amount), data.amount.currency
        if isinstance(data, RefundPaid):
            return _Reading("refund_paid", visit_id, "refunds", amount=amount, currency=currency)
        return _Reading("refund_requested", visit_id, amount=amount, currency=currency)
