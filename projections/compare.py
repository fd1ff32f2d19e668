"""Holds the facts in the store against the exact Python domain: the same figures to 1e-9, the same words
exactly.

Used by `moments verify` and by the tests; the exact domain is written from the text of the domain alone, the
SQL apart from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from domain.attribution import LedgerLine, planned_budget
from domain.derive import Facts, LooseMoment, OutcomeFact, PromiseFact, VisitFact
from projections.store import Store

TOLERANCE = 1e-9
Fields = dict[str, Any]
Identity = tuple[str, ...]


def close(one: Any, other: Any) -> bool:
    """Equal, or for numbers equal to 1e-9 (relative above 1, absolute below)."""
    if isinstance(one, float | int | Fraction) and isinstance(other, float | int | Fraction):
        return math.isclose(float(one), float(other), rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(close, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(close(value, other[key]) for key, value in one.items())
    return bool(one == other)


def differences(
    stored: Mapping[Identity, Fields], exact: Mapping[Identity, Fields], what: str
) -> Iterator[str]:
    """One line for each fact that is missing, too many or different."""
    for identity in sorted(stored.keys() | exact.keys()):
        name = f"{what} {' '.join(identity)}"
        if identity not in stored:
            yield f"{name}: missing in the store"
        elif identity not in exact:
            yield f"{name}: in the store, but no event says so"
        else:
            for field, value in exact[identity].items():
                if not close(stored[identity][field], value):
                    yield f"{name}: {field} is {stored[identity][field]!r}, should be {_shown(value)}"


def compare(store: Store, generation: str, facts: Facts, *, keys: str | None = None) -> list[str]:
    """Every difference between the facts in a generation and the exact ones.

    Args:
        store: the ClickHouse store.
        generation: database of the generation.
        facts: exact facts of the same events, decisions and clock.
        keys: table (site_id, kind, id) of the subjects to compare; None for all.
    """
    found: list[str] = []
    told: dict[str, tuple[str, tuple[str, ...], Mapping[Any, Fields]]] = {
        "promises": ("promise", ("site_id", "promise_id"), _promises(facts)),
        "visits": ("visit", ("site_id", "visit_id"), _each(_visit, facts.visits)),
        "outcomes": ("outcome", ("site_id", "source", "event_id"), _each(_outcome, facts.outcomes)),
        "loose_moments": ("moment", ("site_id", "source", "event_id"), _each(_loose, facts.loose_moments)),
    }
    for table, (what, identity, exact) in told.items():
        where = "1" if keys is None else f"({_SUBJECT[table]}) IN (SELECT site_id, kind, id FROM {keys})"
        stored = _stored(store, generation, table, identity, where, _READ[table])
        found += differences(stored, exact, what)
    return found


def _each(fields: Callable[[Any], Fields], facts: Mapping[Any, Any]) -> dict[Any, Fields]:
    return {key: fields(fact) for key, fact in facts.items()}


def _stored(
    store: Store,
    generation: str,
    table: str,
    identity: Iterable[str],
    where: str,
    read: Callable[[Fields], Fields],
) -> dict[Identity, Fields]:
    result = store.arrow(f"SELECT * FROM $gen.{table} FINAL WHERE alive AND ({where})", gen=generation)
    return {tuple(row[name] for name in identity): read(row) for row in result.to_pylist()}


def _ms(instant: Any) -> int | None:
    return None if instant is None else round(instant.timestamp() * 1000)


def _day(value: Any) -> date:
    return date(1970, 1, 1) + timedelta(days=value) if isinstance(value, int) else value


def _hour(value: Any) -> int:
    return value * 1000 if isinstance(value, int) else round(value.timestamp() * 1000)


def _read_promise(row: Fields) -> Fields:
    stages = zip(*(row[f"stages.{name}"] for name in _STAGE_FIELDS), strict=True)
    return {
        **{name: row[name] for name in ("visit_id", "case_id", "kind", "made_by", "channel", "state")},
        **{name: row[name] for name in _PROMISE_NUMBERS},
        "business_date": _day(row["business_date"]),
        "hour": _hour(row["hour"]),
        "made_ms": _ms(row["made_at"]),
        "due_ms": _ms(row["due_at"]),
        "closed_ms": _ms(row["closed_at"]),
        "stages": sorted(stage for stage in stages if any(stage[3:])),
        "equivalents": {
            d: e for d, e in zip(row["ledger.department"], row["ledger.equivalents"], strict=True) if e
        },
        "late": {d: e for d, e in zip(row["ledger.department"], row["ledger.late_s"], strict=True) if e},
        "hidden": {
            d: e
            for d, e in zip(row["ledger.department"], row["ledger.hidden_s"], strict=True)
            if abs(e) > TOLERANCE
        },
        "rescue": {d: e for d, e in zip(row["ledger.department"], row["ledger.rescue_s"], strict=True) if e},
    }


_PROMISE_NUMBERS = (
    "window_s",
    "budget_s",
    "elapsed_s",
    "slack_s",
    "late_s",
    "overrun_s",
    "credit_s",
    "absorbed_s",
    "over_promise_s",
    "slack_rescue_s",
)
_STAGE_FIELDS = (
    "stage",
    "department",
    "group_name",
    "budget_s",
    "actual_s",
    "overrun_s",
    "credit_s",
    "share",
    "late_s",
    "hidden_s",
    "rescue_s",
)


def _promises(facts: Facts) -> dict[Identity, Fields]:
    exact: dict[Identity, Fields] = {key: _promise(fact) for key, fact in facts.promises.items()}
    exact.update({key: {"state": "waiting"} for key in facts.waiting})
    return exact


def _promise(fact: PromiseFact) -> Fields:
    ledger = fact.ledger
    fields: Fields = {
        "visit_id": fact.visit_id or "",
        "case_id": fact.case_id or "",
        "kind": fact.kind,
        "made_by": fact.made_by,
        "channel": fact.channel or "",
        "state": fact.state,
        "business_date": fact.business_date,
        "hour": fact.hour,
        "made_ms": fact.made_ms,
        "due_ms": fact.due_ms,
        "closed_ms": fact.closed_ms,
        "window_s": fact.window_s,
        "budget_s": planned_budget(fact.planned),
        "equivalents": {d: share for d, share in fact.equivalents.items() if share},
    }
    if ledger is not None:
        fields |= {name: getattr(ledger, name) for name in _PROMISE_NUMBERS if name != "window_s"}
        fields |= {
            "stages": sorted(line for line in map(_line, ledger.lines) if any(line[3:])),
            "late": {owned.department: owned.late_s for owned in ledger.departments if owned.late_s},
            "hidden": {owned.department: owned.hidden_s for owned in ledger.departments if owned.hidden_s},
            "rescue": {owned.department: owned.rescue_s for owned in ledger.departments if owned.rescue_s},
        }
    return fields


def _line(line: LedgerLine) -> tuple[Any, ...]:
    return (
        line.stage,
        line.department,
        line.group or "",
        *(getattr(line, name) for name in _STAGE_FIELDS[3:]),
    )


def _read_visit(row: Fields) -> Fields:
    moments = ("moment", "promise_id", "at_ms", "outcome", "score", "weight", "derived", "basis", "made_by")
    ledger = list(
        zip(
            row["ledger.department"],
            row["ledger.basis"],
            row["ledger.debit"],
            row["ledger.credit"],
            strict=True,
        )
    )
    return {
        **{
            name: row[name]
            for name in (
                "channel",
                "ves",
                "last_score",
                "wow",
                "spoil_n",
                "spoilt",
                "save_n",
                "saved",
                "above",
            )
        },
        "business_date": _day(row["business_date"]),
        "hour": _hour(row["hour"]),
        "at_ms": _ms(row["dated_at"]),
        "started_ms": _ms(row["started_at"]),
        "ended_ms": _ms(row["ended_at"]),
        "moments": list(zip(*(row[f"moments.{name}"] for name in moments), strict=True)),
        "debit": {(department, basis): debit for department, basis, debit, _ in ledger if debit},
        "credit": {(department, basis): credit for department, basis, _, credit in ledger if credit},
    }


def _visit(fact: VisitFact) -> Fields:
    return {
        "channel": fact.channel or "",
        "ves": fact.ves,
        "last_score": fact.last_score,
        "wow": fact.wow,
        "spoil_n": fact.could_spoil,
        "spoilt": fact.spoilt,
        "save_n": fact.could_save,
        "saved": fact.saved,
        "above": fact.above,
        "business_date": fact.business_date,
        "hour": fact.hour,
        "at_ms": fact.at_ms,
        "started_ms": fact.started_ms,
        "ended_ms": fact.ended_ms,
        "moments": [
            (
                m.moment,
                m.promise_id or "",
                m.at_ms,
                m.outcome,
                m.score,
                m.weight,
                m.derived,
                m.basis,
                m.made_by or "",
            )
            for m in fact.moments
        ],
        "debit": {key: points for key, points in fact.debit.items() if points},
        "credit": {key: points for key, points in fact.credit.items() if points},
    }


def _read_outcome(row: Fields) -> Fields:
    return {
        **{
            name: row[name]
            for name in ("kind", "score", "amount", "currency", "channel", "visit_id", "case_id", "outcome")
        },
        "at_ms": _ms(row["at"]),
        "business_date": _day(row["business_date"]),
        "hour": _hour(row["hour"]),
        "ledger": {d: q for d, q in zip(row["ledger.department"], row["ledger.quantity"], strict=True) if q},
    }


def _outcome(fact: OutcomeFact) -> Fields:
    return {
        "kind": fact.kind,
        "score": fact.score,
        "amount": fact.amount,
        "currency": fact.currency or "",
        "channel": fact.channel or "",
        "visit_id": fact.visit_id or "",
        "case_id": fact.case_id or "",
        "outcome": fact.outcome or "",
        "at_ms": fact.at_ms,
        "business_date": fact.business_date,
        "hour": fact.hour,
        "ledger": {department: quantity for department, quantity in fact.ledger.items() if quantity},
    }


def _read_loose(row: Fields) -> Fields:
    return {
        **{name: row[name] for name in ("moment", "outcome", "score", "channel")},
        "at_ms": _ms(row["at"]),
        "business_date": _day(row["business_date"]),
        "hour": _hour(row["hour"]),
    }


def _loose(fact: LooseMoment) -> Fields:
    return {
        "moment": fact.moment,
        "outcome": fact.outcome,
        "score": fact.score,
        "channel": fact.channel or "",
        "at_ms": fact.at_ms,
        "business_date": fact.business_date,
        "hour": fact.hour,
    }


_READ: dict[str, Callable[[Fields], Fields]] = {
    "promises": _read_promise,
    "visits": _read_visit,
    "outcomes": _read_outcome,
    "loose_moments": _read_loose,
}


_SUBJECT = {
    "promises": "site_id, 'promise', promise_id",
    "visits": "site_id, 'visit', visit_id",
    "outcomes": "site_id, 'outcome', concat(event_id, '\x1f', source)",
    "loose_moments": "site_id, 'loose', concat(event_id, '\x1f', source)",
}


def _shown(value: Any) -> str:
    return f"{value} ({float(value)})" if isinstance(value, Fraction) else repr(value)
