"""Late and corrected events take back what an earlier derivation said: no line, row or cell stays behind."""

from typing import Any

import pytest

from projections.compare import compare
from projections.generations import PUBLIC
from projections.public import create_public
from projections.store import Store
from tests.engines.projections.told import NOW, exact_facts, projector_of, records_of
from tests.streams import site_decisions

HOUR = 3_600_000
START = NOW - 5 * 86_400_000


def event(id_: str, type_: str, at: int, data: dict[str, Any], site: str = "msk-04") -> dict[str, Any]:
    from domain.times import format_rfc3339

    return {
        "specversion": "1.0",
        "id": id_,
        "source": "/till",
        "type": f"moments.{type_}",
        "time": format_rfc3339(at),
        "siteid": site,
        "data": data,
    }


REGISTRATIONS = [each for each in site_decisions(1, NOW) if each["type"].endswith(".registered")]

BREAKFAST = [
    event(
        "1",
        "promise.made",
        START,
        {
            "promise_id": "p",
            "visit_id": "v",
            "kind": "preparation_time",
            "made_by": "front_of_house",
            "window_s": 900,
            "stages": [
                {"stage": "cook", "department": "kitchen", "budget_s": 600},
                {"stage": "bill", "department": "accounting", "budget_s": 120},
            ],
        },
    ),
    event(
        "2",
        "stage.completed",
        START + 800_000,
        {"promise_id": "p", "stage": "cook", "department": "kitchen", "actual_s": 800},
    ),
    event(
        "3",
        "stage.completed",
        START + 1_200_000,
        {"promise_id": "p", "stage": "bill", "department": "accounting", "actual_s": 400},
    ),
    event("4", "promise.fulfilled", START + 1_200_000, {"promise_id": "p"}),
]


class Chain:
    """One generation fed event by event."""

    def __init__(self, store: Store, generation: str) -> None:
        self.store, self.generation = store, generation
        self.events = list(REGISTRATIONS)
        self.projector = projector_of(store, [], generation)
        self.public = PUBLIC
        create_public(store, generation, self.public)

    def tell(self, *events: dict[str, Any]) -> None:
        """Projects these, and holds everything against the exact domain."""
        self.events += events
        records = records_of(self.events)
        self.projector.feed.records[:] = records  # type: ignore[attr-defined]
        self.projector.drain()
        facts, _ = exact_facts(records, self.projector.as_of)
        assert compare(self.store, self.generation, facts) == []

    def ask(self, select: str) -> list[tuple[Any, ...]]:
        return self.store.rows(select, public=self.public, gen=self.generation)


@pytest.fixture
def chain(store: Store, generation: str) -> Chain:
    return Chain(store, generation)


def test_a_department_that_loses_its_debit_leaves_the_ledger(chain: Chain) -> None:
    # given a late breakfast that kitchen and accounting own
    chain.tell(*BREAKFAST)
    owners = "SELECT department FROM $public.promise_ledger WHERE equivalents > 0 ORDER BY department"
    assert chain.ask(owners) == [("accounting",), ("kitchen",)]

    # when a later report says that the bill took no longer than planned, and the rest is unmeasured
    chain.tell(
        event(
            "5",
            "stage.completed",
            START + 1_300_000,
            {"promise_id": "p", "stage": "bill", "department": "accounting", "actual_s": 100},
        )
    )

    # then accounting owns nothing any more, in the promise's ledger and the visit's
    assert chain.ask(owners) == [("kitchen",), ("unmeasured",)]
    assert chain.ask(
        "SELECT DISTINCT department FROM $public.visit_ledger WHERE debit > 0 ORDER BY department"
    ) == [
        ("kitchen",),
        ("unmeasured",),
    ]


def test_a_visit_that_moves_to_another_hour_leaves_the_old_one(chain: Chain) -> None:
    # given a visit dated by its first moment
    chain.tell(
        event("m", "moment.occurred", START, {"visit_id": "v", "moment": "billing", "outcome": "below"})
    )
    hours = "SELECT toUnixTimestamp(hour), sum(moments) FROM $public.visits GROUP BY hour"
    ((before, _),) = chain.ask(hours)

    # when its beginning is told late, seven hours earlier
    chain.tell(event("s", "visit.started", START - 7 * HOUR, {"visit_id": "v", "channel": "dine_in"}))

    # then it is in that hour alone
    ((after, moments),) = chain.ask(hours)
    assert (before - after, moments) == (7 * 3600, 1)
    assert chain.ask("SELECT uniqExact(hour) FROM $public.cells WHERE measure = 'ves'") == [(1,)]


def test_a_visit_that_existed_through_a_fulfilment_alone_goes_with_it(chain: Chain) -> None:
    # given a visit known only by the moment its kept promise makes
    chain.tell(*BREAKFAST)
    assert chain.ask("SELECT visit_id FROM $public.visits") == [("v",)]

    # when an earlier cancellation turns up
    chain.tell(event("c", "promise.cancelled", START + 60_000, {"promise_id": "p", "by": "customer"}))

    # then there is no visit, and the promise is in no measure
    assert chain.ask("SELECT visit_id FROM $public.visits") == []
    assert chain.ask("SELECT state FROM $public.promises") == [("cancelled",)]
    assert chain.ask("SELECT count() FROM $public.kpi_on_time") == [(0,)]


def test_events_of_a_promise_wait_until_it_is_made(chain: Chain) -> None:
    # given everything but the promise
    chain.tell(*BREAKFAST[1:])
    assert chain.ask("SELECT state FROM $public.promises") == [("waiting",)]
    assert chain.ask("SELECT count() FROM $public.kpi_on_time") == [(0,)]

    # when it comes
    chain.tell(BREAKFAST[0])

    # then it counts with all that waited
    assert chain.ask("SELECT state, late_s FROM $public.promises") == [("late", 300)]


def test_a_correction_of_the_time_zone_re_dates_the_past(chain: Chain) -> None:
    # given a breakfast at a site in Moscow
    chain.tell(*BREAKFAST)
    ((before,),) = chain.ask("SELECT toUnixTimestamp(hour) FROM $public.promises")

    # when the zone turns out to have been entered wrongly
    chain.tell(event("z", "site.changed", NOW, {"timezone": "Asia/Kolkata"}))

    # then the same facts stand at the local hour of the right zone
    ((after,),) = chain.ask("SELECT toUnixTimestamp(hour) FROM $public.promises")
    assert abs(after - before) == 1800
    assert chain.projector.rederivations.open == []


def test_a_weight_set_for_a_day_of_the_past_weighs_that_day_anew(chain: Chain) -> None:
    # given a visit with two moments
    chain.tell(
        event("a", "moment.occurred", START, {"visit_id": "v", "moment": "billing", "outcome": "failed"}),
        event(
            "b", "moment.occurred", START + HOUR, {"visit_id": "v", "moment": "farewell", "outcome": "met"}
        ),
    )
    ((before,),) = chain.ask("SELECT ves FROM $public.visits")

    # when billing weighs ten times as much, from before that day on
    chain.tell(
        event(
            "w",
            "moment_weight.set",
            NOW,
            {"moment": "billing", "weight": 15, "valid_from": "2025-11-01", "retroactive": True},
        )
    )

    # then the failure weighs more
    ((after,),) = chain.ask("SELECT ves FROM $public.visits")
    assert after < before


def test_a_cause_that_names_a_moment_finds_its_visit_in_either_order(chain: Chain) -> None:
    cause = event(
        "c",
        "root_cause.assigned",
        START + 2 * HOUR,
        {"moment_id": "m-1", "sphere": "process_or_team", "split": {"it": "1/3", "hr": "2/3"}},
    )
    other = {**cause, "id": "c2", "data": {**cause["data"], "moment_id": "m-2"}}
    moments = [
        event(
            f"e{n}",
            "moment.occurred",
            START + n,
            {"visit_id": f"v{n}", "moment_id": f"m-{n}", "moment": "billing", "outcome": "failed"},
        )
        for n in (1, 2)
    ]

    # given one cause before its moment, one after
    chain.tell(cause)
    chain.tell(*moments)
    chain.tell(other)

    # then both visits rest on them
    assert chain.ask(
        "SELECT visit_id, groupUniqArray(basis) FROM $public.visit_ledger GROUP BY visit_id ORDER BY 1"
    ) == [
        ("v1", ["root_cause"]),
        ("v2", ["root_cause"]),
    ]
