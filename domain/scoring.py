"""The score of a visit and its two ledgers: points lost against the standard, points won above it, and whose.

docs/domain.md, section 3. Exact: a visit's score is 75 less all debit plus all credit, to the last digit.
Debit and credit are never netted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from domain.dictionary import STANDARD

Basis = Literal["stage_overrun", "root_cause", "default"]
Position = Literal["first", "middle", "last"]
Points = dict[tuple[str, Basis], Fraction]
"""Points by department and the evidence on which it owns them."""

ZERO = Fraction(0)
UNMEASURED = "unmeasured"


@dataclass(frozen=True, slots=True)
class Multipliers:
    """What the first and the last impression of a visit weigh more."""

    first: Fraction = Fraction(5, 4)
    last: Fraction = Fraction(2)


@dataclass(frozen=True, slots=True)
class MomentInput:
    """One moment: score 0-100, weight of its type, evidence, and the multipliers in force on its own day.

    The shares of `split` sum to one.
    """

    score: int
    weight: Fraction
    split: Mapping[str, Fraction]
    basis: Basis = "default"
    multipliers: Multipliers = Multipliers()


@dataclass(frozen=True, slots=True)
class MomentLine:
    """A moment's part in its visit: `weight` is its share of the visit, `debit` and `credit` are points."""

    weight: Fraction
    position: Position
    debit: Fraction
    credit: Fraction


@dataclass(frozen=True, slots=True)
class VisitLedger:
    """`ves` is None for a visit without moments; `debit` and `credit` hold no zeros."""

    ves: Fraction | None
    lines: tuple[MomentLine, ...]
    debit: Points
    credit: Points

    @property
    def debit_points(self) -> Fraction:
        """D(v), all departments and bases."""
        return sum(self.debit.values(), ZERO)

    @property
    def credit_points(self) -> Fraction:
        """C(v), all departments and bases."""
        return sum(self.credit.values(), ZERO)


def timed_outcome(elapsed_s: int, window_s: int) -> str:
    """What a fulfilled promise was to the customer: the outcome of its derived moment."""
    if 5 * elapsed_s <= 4 * window_s:
        return "exceeded"
    if elapsed_s <= window_s:
        return "met"
    if 4 * elapsed_s <= 5 * window_s:
        return "below"
    return "failed"


def position(index: int, of: int) -> Position:
    """The only moment of a visit is its last impression."""
    if index == of - 1:
        return "last"
    return "first" if index == 0 else "middle"


def visit_ledger(moments: Sequence[MomentInput]) -> VisitLedger:
    """Score the moments of one visit, given in their order."""
    if not moments:
        return VisitLedger(None, (), {}, {})
    positions = [position(index, len(moments)) for index in range(len(moments))]
    weights = [
        moment.weight * _multiplier(moment.multipliers, place)
        for moment, place in zip(moments, positions, strict=True)
    ]
    whole = sum(weights, ZERO)
    lines, debit, credit = [], Points(), Points()
    ves = ZERO
    for moment, place, weight in zip(moments, positions, weights, strict=True):
        share = weight / whole
        line = MomentLine(
            share, place, share * max(0, STANDARD - moment.score), share * max(0, moment.score - STANDARD)
        )
        _book(debit, moment, line.debit)
        _book(credit, moment, line.credit)
        ves += share * moment.score
        lines.append(line)
    return VisitLedger(ves, tuple(lines), debit, credit)


def by_department(points: Mapping[tuple[str, Basis], Fraction]) -> dict[str, Fraction]:
    """Points by department, whatever the evidence."""
    departments: dict[str, Fraction] = {}
    for (department, _), quantity in points.items():
        departments[department] = departments.get(department, ZERO) + quantity
    return departments


def shares(quantities: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """Each owner's part of the sum; nothing to share gives `{}`."""
    whole = sum(quantities.values(), ZERO)
    return {owner: quantity / whole for owner, quantity in quantities.items() if quantity} if whole else {}


def evidence_coverage(debits: Iterable[Mapping[tuple[str, Basis], Fraction]]) -> Fraction | None:
    """Debit points known by stage evidence or a root cause, `unmeasured` excepted, of all; None without
    debit.
    """
    known = whole = ZERO
    for debit in debits:
        for (department, basis), quantity in debit.items():
            whole += quantity
            if basis != "default" and department != UNMEASURED:
                known += quantity
    return known / whole if whole else None


def _multiplier(multipliers: Multipliers, place: Position) -> Fraction:
    if place == "middle":
        return Fraction(1)
    return multipliers.last if place == "last" else multipliers.first


def _book(points: Points, moment: MomentInput, quantity: Fraction) -> None:
    for department, share in moment.split.items():
        if part := quantity * share:
            key = (department, moment.basis)
            points[key] = points.get(key, ZERO) + part
