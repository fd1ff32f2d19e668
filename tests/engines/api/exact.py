"""What every measure must be, from exact facts in plain Python: written from docs/domain.md, not the SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

from domain.derive import Facts, PromiseFact, VisitFact
from domain.structure import StructureState

ENDED = {"kept", "late", "broken"}


@dataclass(frozen=True)
class Observation:
    site: str
    day: date
    hour: int
    channel: str | None
    department: str
    numerator: Fraction
    denominator: Fraction
    n: int
    at: int = 0
    """The instant that dates it."""


def observe(
    of: Any,
    numerator: Fraction | float,
    denominator: Fraction | int = 1,
    n: int = 1,
    department: str = "",
) -> Observation:
    return Observation(
        of.site,
        of.business_date,
        of.hour,
        of.channel,
        department,
        Fraction(numerator),
        Fraction(denominator),
        n,
        of.made_ms if isinstance(of, PromiseFact) else of.at_ms,
    )


def whole(code: str, facts: Facts) -> Iterator[Observation]:
    """One observation each: of a visit, a moment, a promise or an answer."""
    for visit in facts.visits.values():
        for numerator, denominator, n in _VISIT.get(code, lambda _: [])(visit):
            yield observe(visit, numerator, denominator, n)
    for promise in facts.promises.values():
        ledger = promise.ledger
        if code == "on_time" and promise.state in ENDED:
            yield observe(promise, promise.state == "kept")
        elif code == "promise_equivalents" and promise.state in ENDED:
            yield observe(promise, promise.state != "kept")
        elif code in _SECONDS and ledger is not None:
            yield observe(promise, Fraction(_SECONDS[code][0](ledger)) / 60)
    if code == "above_standard":
        for moment in facts.loose_moments.values():
            yield observe(moment, moment.score >= 75)
    for outcome in facts.outcomes.values():
        if code == outcome.kind == "nps":
            yield observe(outcome, (outcome.score >= 9) - (outcome.score <= 6))
        elif code == outcome.kind == "csat":
            yield observe(outcome, outcome.score >= 4)
        elif code == "complaints_per_1000" and outcome.kind == "complaint":
            yield observe(outcome, 1, 0, 0)


def by_department(code: str, facts: Facts) -> Iterator[Observation]:
    """One observation for each department with a line in the promise, or points in the visit."""
    for promise in facts.promises.values():
        if code == "promise_equivalents" and promise.state in ENDED:
            for department in _owners(promise):
                share = promise.equivalents.get(department, Fraction(0))
                yield observe(promise, share, department=department)
        elif code in _SECONDS and promise.ledger is not None:
            for department in _owners(promise):
                quantity = _SECONDS[code][1](promise, department)
                yield observe(promise, quantity / 60, department=department)
    for visit in facts.visits.values():
        yield from _points(code, visit)


def _points(code: str, visit: VisitFact) -> Iterator[Observation]:
    if code not in {"debit_points", "credit_points", "evidence_coverage"}:
        return
    points = visit.credit if code == "credit_points" else visit.debit
    owned: dict[str, Fraction] = defaultdict(Fraction)
    known: dict[str, Fraction] = defaultdict(Fraction)
    for (department, basis), quantity in points.items():
        owned[department] += quantity
        if basis != "default" and department != "unmeasured":
            known[department] += quantity
    for department, quantity in owned.items():
        if code == "evidence_coverage":
            yield observe(visit, known[department], quantity, department=department)
        else:
            yield observe(visit, quantity, department=department)


def _owners(promise: PromiseFact) -> set[str]:
    """Who has a line: owners of a part of a miss, of hidden or rescued time, of an over-promise."""
    owners = {department for department, part in promise.equivalents.items() if part}
    if promise.ledger:
        lines = promise.ledger.departments
        owners |= {line.department for line in lines if line.hidden_s or line.rescue_s}
        if promise.ledger.over_promise_s:
            owners.add(promise.made_by)
    return owners


def _line(name: str) -> Callable[[PromiseFact, str], Fraction]:
    def quantity(promise: PromiseFact, department: str) -> Fraction:
        assert promise.ledger is not None
        lines = [line for line in promise.ledger.departments if line.department == department]
        return sum((Fraction(getattr(line, name)) for line in lines), Fraction(0))

    return quantity


def _over_promised(promise: PromiseFact, department: str) -> Fraction:
    assert promise.ledger is not None
    return Fraction(promise.ledger.over_promise_s if department == promise.made_by else 0)


_SECONDS: dict[str, tuple[Callable[[Any], Any], Callable[[PromiseFact, str], Fraction]]] = {
    "late_minutes": (lambda ledger: ledger.late_s, _line("late_s")),
    "hidden_minutes": (lambda ledger: ledger.absorbed_s, _line("hidden_s")),
    "rescue_minutes": (lambda ledger: ledger.absorbed_s - ledger.slack_rescue_s, _line("rescue_s")),
    "slack_minutes": (lambda ledger: ledger.slack_rescue_s, lambda *_: Fraction(0)),
    "over_promise_minutes": (lambda ledger: ledger.over_promise_s, _over_promised),
}


def _evidence(visit: VisitFact) -> list[tuple[Fraction, Fraction, int]]:
    all_ = sum(visit.debit.values(), Fraction(0))
    known = sum(
        (
            quantity
            for (department, basis), quantity in visit.debit.items()
            if basis != "default" and department != "unmeasured"
        ),
        Fraction(0),
    )
    return [(known, all_, 1)] if all_ else []


_VISIT: dict[str, Callable[[VisitFact], list[tuple[Any, Any, int]]]] = {
    "ves": lambda v: [(v.ves, 1, 1)] if v.moments else [],
    "last_score": lambda v: [(v.last_score, 1, 1)] if v.moments else [],
    "wow_rate": lambda v: [(v.wow, 1, 1)],
    "above_standard": lambda v: [(v.above, len(v.moments), len(v.moments))] if v.moments else [],
    "spoil": lambda v: [(v.spoilt, 1, 1)] if v.could_spoil else [],
    "save": lambda v: [(v.saved, 1, 1)] if v.could_save else [],
    "complaints_per_1000": lambda _: [(0, 1, 1)],
    "debit_points": lambda v: [(sum(v.debit.values()), 1, 1)] if v.moments else [],
    "credit_points": lambda v: [(sum(v.credit.values()), 1, 1)] if v.moments else [],
    "evidence_coverage": _evidence,
}

Keys = tuple[Any, ...]


def summed(
    observations: Iterable[Observation],
    grain: str,
    group_by: tuple[str, ...],
    state: StructureState,
) -> dict[Keys, tuple[Fraction, Fraction, int]]:
    """Numerator, denominator and n by (period, …dimensions in the catalogue's order)."""
    out: dict[Keys, list[Any]] = {}
    for seen in observations:
        at = (period(seen, grain, state), *(dimension(seen, name, state) for name in group_by))
        sums = out.setdefault(at, [Fraction(0), Fraction(0), 0])
        sums[0] += seen.numerator
        sums[1] += seen.denominator
        sums[2] += seen.n
    return {key: (sums[0], sums[1], sums[2]) for key, sums in out.items()}


def period(seen: Observation, grain: str, state: StructureState) -> str:
    if grain == "total":
        return "total"
    if grain == "day":
        return seen.day.isoformat()
    if grain == "week":
        return (seen.day - timedelta(days=seen.day.weekday())).isoformat()
    if grain == "month":
        return seen.day.isoformat()[:7]
    offset = state.calendar(seen.site).offset_s(seen.hour)
    local = datetime.fromtimestamp(seen.hour // 1000 + offset, UTC)
    sign, size = "-" if offset < 0 else "+", abs(offset)
    return f"{local:%Y-%m-%dT%H:%M:%S}{sign}{size // 3600:02}:{size % 3600 // 60:02}"


def dimension(seen: Observation, name: str, state: StructureState) -> str | None:
    if name == "site":
        return seen.site
    if name == "region":
        return state.site(seen.site, seen.day).region
    if name == "channel":
        return seen.channel
    if name == "department":
        return seen.department
    return state.dictionary().departments[seen.department].tier.value
