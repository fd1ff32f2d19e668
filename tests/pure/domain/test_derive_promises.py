"""Promises of whole streams: state, date, visit and owners (docs/domain.md, R2-R9, R13-R15, R20, R22)."""

from datetime import date
from fractions import Fraction

import pytest

from domain.errors import Invalid

DAY = 86_400
KITCHEN = [{"stage": "cook", "department": "kitchen", "budget_s": 600}]


def states(story, *as_of):
    return [story.the_promise(at).state for at in as_of]


# What is refused, what wins, by R3


def test_r3_two_declared_stages_of_one_name_are_refused(story):
    with pytest.raises(Invalid, match="duplicate_stage"):
        story.promise(stages=KITCHEN * 2)


def test_r3_due_before_it_was_made_is_refused_by_the_millisecond(story):
    with pytest.raises(Invalid, match="due_before_made"):
        story.promise(0.5, due_at="2026-11-18T12:00:00.499Z")


def test_r3_the_window_wins_over_the_due_time(story):
    story.tell(
        "promise.made",
        0,
        promise_id="p",
        kind="billing",
        made_by="it",
        window_s=60,
        due_at="2026-11-18T13:00:00Z",
    )

    assert story.the_promise().window_s == 60
    assert story.the_promise().due_ms == story.events[-1].ms + 60_000


def test_r2_a_due_time_is_cut_to_the_second_before_it_becomes_a_window(story):
    story.promise(0.9, due_at="2026-11-18T12:10:00.100Z")
    story.fulfil(600.95)

    assert story.the_promise().window_s == 600
    assert story.the_promise().state == "kept"


# Which event counts, by R4, R5


def test_r5_of_several_promises_made_the_earliest_counts(story):
    story.promise(10, window_s=1)
    story.promise(5, window_s=500)
    story.fulfil(100)

    assert story.the_promise().window_s == 500
    assert story.the_promise().ledger.elapsed_s == 95


def test_r4_ties_go_by_id_then_source_by_code_point(story):
    story.promise(0, window_s=3, event_id="b", source="a")
    story.promise(0, window_s=2, event_id="a", source="é")
    story.promise(0, window_s=1, event_id="a", source="z")

    assert story.the_promise().window_s == 1


def test_r5_the_earliest_of_fulfilments_and_cancellations_closes_it(story):
    story.promise()
    story.fulfil(700)
    story.tell("promise.cancelled", 300, promise_id="p", by="customer")
    story.fulfil(650)

    assert story.the_promise(2 * DAY).state == "cancelled"
    assert story.the_promise().closed_ms == story.the_promise().made_ms + 300_000
    assert story.the_promise().ledger is None


def test_r5_a_fulfilment_before_the_promise_keeps_it_in_no_time(story):
    story.promise(100)
    story.fulfil(50)

    assert story.the_promise().state == "kept"
    assert story.the_promise().ledger.elapsed_s == 0


def test_a_revision_never_rescues_a_promise(story):
    story.promise()
    story.tell("promise.revised", 10, promise_id="p", due_at="2026-11-18T14:00:00Z")
    story.fulfil(601)

    assert story.the_promise().state == "late"


# Waiting, by R6


def test_r6_events_of_a_promise_nobody_made_wait_without_effect(story):
    story.fulfil(10, visit_id="v")
    story.tell("stage.completed", 5, promise_id="q", stage="cook", department="kitchen")
    facts = story.facts(2 * DAY)

    assert facts.waiting == {("msk-04", "p"), ("msk-04", "q")}
    assert not facts.promises
    assert not facts.visits

    story.promise(stages=KITCHEN)

    assert story.facts().waiting == {("msk-04", "q")}
    assert story.the_promise().state == "kept"


# States by the clock, by R7


def test_r7_open_until_24_hours_after_due_then_broken(story):
    story.promise(window_s=600)

    assert states(story, 0, 600 + DAY - 0.001, 600 + DAY) == ["open", "open", "broken"]
    assert story.the_promise(600 + DAY).equivalents == {"unmeasured": 1}
    assert story.the_promise(600 + DAY).ledger is None
    assert story.the_promise(600 + DAY).closed_ms is None


def test_r7_the_due_instant_keeps_its_milliseconds(story):
    story.promise(0.25, due_at="2026-11-18T12:10:00.750Z")

    assert states(story, 600.749 + DAY, 600.75 + DAY) == ["open", "broken"]


def test_r7_a_fulfilment_later_than_that_makes_it_late(story):
    story.promise()
    story.fulfil(600 + 3 * DAY)

    assert story.the_promise(10 * DAY).state == "late"
    assert story.the_promise(10 * DAY).ledger.late_s == 3 * DAY


@pytest.mark.parametrize(
    ("by", "at", "state"),
    [
        ("customer", 600, "cancelled"),
        ("customer", 600.001, "broken"),
        ("site", 1, "broken"),
        ("site", 700, "broken"),
    ],
)
def test_r7_who_cancels_and_when_decides(story, by, at, state):
    story.promise()
    story.tell("promise.cancelled", at, promise_id="p", by=by)

    assert story.the_promise().state == state
    assert sum(story.the_promise().equivalents.values()) == (state == "broken")


def test_r7_a_broken_promise_goes_to_its_root_cause_else_that_of_its_case(story):
    story.promise(case_id="c")
    story.cause(1, {"it": "1/3", "hr": "2/3", "bar": 0}, case_id="c")
    assert story.the_promise(2 * DAY).equivalents == {"it": Fraction(1, 3), "hr": Fraction(2, 3)}

    story.cause(0, {"marketing": 1}, promise_id="p")
    assert story.the_promise(2 * DAY).equivalents == {"marketing": 1}


def test_r17_a_root_cause_never_changes_the_ledger_of_a_late_promise(story):
    story.promise(stages=KITCHEN)
    story.tell("stage.completed", 700, promise_id="p", stage="cook", department="kitchen", actual_s=700)
    story.fulfil(700)
    story.cause(promise_id="p")

    assert story.the_promise().equivalents == {"kitchen": 1}


def test_a_promise_is_final_three_days_after_it_was_settled(story):
    story.promise()
    assert [story.the_promise(at).final for at in (600 + 4 * DAY - 1, 600 + 4 * DAY)] == [False, True]

    story.fulfil(60)
    assert [story.the_promise(at).final for at in (60 + 3 * DAY - 1, 60 + 3 * DAY)] == [False, True]


# The plan, by R13, R20


def test_r20_a_promise_that_declares_no_stages_takes_the_budget_of_the_day_it_was_made(story):
    def budget(seconds, valid_from, site="chain"):
        stages = [{"stage": "cook", "department": "kitchen", "budget_s": seconds}]
        told = {"kind": "preparation_time", "stages": stages, "valid_from": valid_from, "retroactive": True}
        story.tell("budget.set", -DAY, site=site, **told)

    budget(100, "2026-11-01")
    budget(200, "2026-11-18")
    budget(300, "2026-11-19")
    budget(50, "2026-10-01", site="del-1")
    # 00:59Z on the 18th is 03:59 at the site: before its day begins, still the 17th.
    story.promise(-39_660, promise_id="before")
    story.promise(-39_600, promise_id="after", stages=[])
    story.promise(0, promise_id="elsewhere", site="del-1")
    story.promise(0, promise_id="declared", stages=KITCHEN)
    promises = story.facts().promises

    assert promises["msk-04", "before"].planned[0].budget_s == 100
    assert promises["msk-04", "after"].planned[0].budget_s == 200
    assert promises["del-1", "elsewhere"].planned[0].budget_s == 50
    assert promises["msk-04", "declared"].planned[0].budget_s == 600


def test_r13_reports_come_in_any_order_and_blocks_name_stages(story):
    story.promise(stages=KITCHEN)
    story.fulfil(800)
    story.tell("stage.completed", 800, promise_id="p", stage="cook", department="hr")
    story.tell(
        "stage.blocked",
        500,
        promise_id="p",
        stage="cook",
        cause_department="it",
        from_="2026-11-18T12:05:00Z",
        to="2026-11-18T12:06:40Z",
    )
    story.tell("stage.started", 0, promise_id="p", stage="cook", department="kitchen")

    assert story.the_promise().equivalents == {"kitchen": Fraction(1, 2), "it": Fraction(1, 2)}


# Whose it is and when, by R14, R15, R22


def test_r14_a_promise_of_a_case_belongs_to_the_visit_the_case_was_first_reported_for(story):
    story.promise(case_id="c")
    story.tell("failure.reported", 2, case_id="c", kind="cold", detected_by="staff", visit_id="late")
    story.tell("failure.reported", 1, case_id="c", kind="cold", detected_by="staff", visit_id="v")
    story.tell("failure.reported", 0, case_id="c", kind="cold", detected_by="staff")

    assert story.the_promise().visit_id == "v"


def test_r14_its_own_visit_wins_over_that_of_its_case(story):
    story.promise(case_id="c", visit_id="own")
    story.tell("failure.reported", 1, case_id="c", kind="cold", detected_by="staff", visit_id="v")

    assert story.the_promise().visit_id == "own"


def test_r14_without_a_visit_it_counts_and_yields_no_moment(story):
    story.promise(case_id="c")
    story.fulfil(10)

    assert story.the_promise().state == "kept"
    assert story.facts().visits == {}


def test_r15_a_promise_belongs_to_the_date_hour_and_site_of_its_making(story):
    story.promise(-39_601)  # 03:59:59 at the site
    story.promise(0, promise_id="india", site="del-1")  # 17:30 there
    promises = story.facts().promises

    assert promises["msk-04", "p"].business_date == date(2026, 11, 17)
    assert promises["msk-04", "p"].hour == story.the_promise().made_ms - 3_599_000
    assert promises["del-1", "india"].business_date == date(2026, 11, 18)
    assert promises["del-1", "india"].made_ms - promises["del-1", "india"].hour == 30 * 60_000


def test_r15_its_channel_is_its_own_else_its_visits(story):
    story.tell("visit.started", 0, visit_id="v", channel="dine_in")
    story.promise(visit_id="v")
    story.promise(promise_id="q", visit_id="v", channel="phone")
    story.promise(promise_id="r", visit_id="nobody")

    assert [story.the_promise(0, name).channel for name in "pqr"] == ["dine_in", "phone", None]


def test_r22_the_same_id_at_two_sites_is_two_promises(story):
    story.promise(stages=KITCHEN)
    story.promise(site="del-1", stages=KITCHEN)
    story.fulfil(700, site="del-1", source="central kitchen")
    promises = story.facts().promises

    assert promises["msk-04", "p"].state == "open"
    assert promises["del-1", "p"].state == "late"
