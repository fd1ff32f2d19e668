"""The facts of the domain, exact: what visits, promises and outcomes are once every event is known.

Attributes mirror the shapes of the API's explanations. Quantities are `Fraction` or whole numbers: seconds,
points, units of an outcome. `hour` is the UTC instant at which the site's local clock hour began.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Literal

from domain.attribution import PlannedStage, PromiseLedger
from domain.scoring import Basis, Points, Position, by_department
from domain.times import Ms

State = Literal["open", "kept", "late", "broken", "cancelled"]
OutcomeKind = Literal[
    "nps", "csat", "ces", "smiley", "talk", "complaint", "review", "refund_paid", "refund_requested"
]
Outcome = Literal["detractors", "complaints", "refunds", "one_star"]


@dataclass(frozen=True, slots=True)
class PromiseFact:
    """A promise with a `promise.made`.

    `ledger` is known once it is fulfilled. `equivalents` is who owns how much of one missed promise, by
    department: the shares of a late one, the root cause (else `unmeasured`) of a broken one, empty for any
    other. `closed_ms` is the instant of the event that closed it, None when it is open or the clock alone
    broke it. `planned` is the plan in force, declared or set for its kind.
    """

    site: str
    promise_id: str
    visit_id: str | None
    case_id: str | None
    kind: str
    made_by: str
    channel: str | None
    business_date: date
    hour: Ms
    state: State
    made_ms: Ms
    due_ms: Ms
    closed_ms: Ms | None
    final: bool
    window_s: int
    planned: tuple[PlannedStage, ...]
    ledger: PromiseLedger | None
    equivalents: Mapping[str, Fraction]


@dataclass(frozen=True, slots=True)
class MomentFact:
    """A moment of a visit. `weight` is its exact share of the visit, `type_weight` that of its type.

    `moment_id` is the one it was given, else the id of the event; a derived moment has that of the
    fulfilment.
    """

    moment: str
    moment_id: str
    event_id: str
    source: str
    promise_id: str | None
    case_id: str | None
    at_ms: Ms
    outcome: str
    score: int
    made_by: str | None
    derived: bool
    type_weight: Fraction
    basis: Basis
    split: Mapping[str, Fraction]
    weight: Fraction
    position: Position
    debit: Fraction
    credit: Fraction


@dataclass(frozen=True, slots=True)
class VisitFact:
    """A visit. `at_ms` is the instant that dates it (R15); `ves` and `last_score` are None without a moment.
    """

    site: str
    visit_id: str
    channel: str | None
    business_date: date
    hour: Ms
    at_ms: Ms
    started_ms: Ms | None
    ended_ms: Ms | None
    moments: tuple[MomentFact, ...]
    ves: Fraction | None
    debit: Points
    credit: Points
    wow: bool

    @property
    def last_score(self) -> int | None:
        """Score of the last impression."""
        return self.moments[-1].score if self.moments else None

    @property
    def above(self) -> int:
        """Moments at the standard or above it."""
        return sum(moment.score >= 75 for moment in self.moments)

    @property
    def could_spoil(self) -> bool:
        """Two moments or more, all but the last at the standard or above: the denominator of `spoil`."""
        return len(self.moments) > 1 and all(moment.score >= 75 for moment in self.moments[:-1])

    @property
    def spoilt(self) -> bool:
        """The last impression spoilt it."""
        return self.could_spoil and self.moments[-1].score < 75

    @property
    def could_save(self) -> bool:
        """Two moments or more, one before the last below the standard: the denominator of `save`."""
        return len(self.moments) > 1 and any(moment.score < 75 for moment in self.moments[:-1])

    @property
    def saved(self) -> bool:
        """The last impression saved it."""
        return self.could_save and self.moments[-1].score >= 90


@dataclass(frozen=True, slots=True)
class LooseMoment:
    """A moment without a visit: it counts in `above_standard` only."""

    site: str
    source: str
    event_id: str
    moment: str
    moment_id: str
    promise_id: str | None
    at_ms: Ms
    outcome: str
    score: int
    channel: str | None
    business_date: date
    hour: Ms


@dataclass(frozen=True, slots=True)
class OutcomeFact:
    """What a customer did or said afterwards: one row an event.

    `outcome` is set where it is shared out, and `ledger` then says who owns how much of it (one unit, or
    money).
    """

    site: str
    source: str
    event_id: str
    kind: OutcomeKind
    score: float | None
    amount: Fraction | None
    currency: str | None
    at_ms: Ms
    channel: str | None
    business_date: date
    hour: Ms
    visit_id: str | None
    case_id: str | None
    outcome: Outcome | None
    ledger: Mapping[str, Fraction]


@dataclass(slots=True)
class Facts:
    """Every fact of a stream, by site and id; `waiting` are promises of which no `promise.made` is known."""

    promises: dict[tuple[str, str], PromiseFact] = field(default_factory=dict)
    waiting: set[tuple[str, str]] = field(default_factory=set)
    visits: dict[tuple[str, str], VisitFact] = field(default_factory=dict)
    loose_moments: dict[tuple[str, str, str], LooseMoment] = field(default_factory=dict)
    outcomes: dict[tuple[str, str, str], OutcomeFact] = field(default_factory=dict)


def allocate(visit: VisitFact | None, quantity: Fraction) -> dict[str, Fraction]:
    """Share an outcome of a visit like its debit; all to `unexplained` where there is none (R19).

    It allocates evidence, it does not prove cause.
    """
    debit = by_department(visit.debit) if visit is not None else {}
    whole = sum(debit.values(), Fraction(0))
    if not whole:
        return {"unexplained": quantity}
    return {department: quantity * points / whole for department, points in debit.items()}
