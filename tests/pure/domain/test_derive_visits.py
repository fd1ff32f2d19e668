"""Visits of whole streams: moments, evidence, dates and outcomes (docs/domain.md, R14-R21)."""

from datetime import date
from fractions import Fraction

import pytest

DAY = 86_400
KITCHEN = [{"stage": "cook", "department": "kitchen", "budget_s": 600}]
ONE = Fraction(1)


def late_promise(story, report: bool = True, **data):
    """Made at noon for 600 s, fulfilled after 1000: the kitchen's, or nobody's without a report."""
    story.promise(**{"stages": KITCHEN, "visit_id": "v", **data})
    if report:
        story.tell("stage.completed", 1000, promise_id="p", stage="cook", department="kitchen", actual_s=1000)
    story.fulfil(1000)


def evidence(story, visit_id="v"):
    return [(moment.basis, dict(moment.split)) for moment in story.visit(visit_id).moments]


# Derived moments, by R16


@pytest.mark.parametrize(
    ("at", "outcome"), [(480, "exceeded"), (481, "met"), (600, "met"), (750, "below"), (751, "failed")]
)
def test_r16_a_fulfilled_promise_yields_a_moment_of_its_kind_at_its_fulfilment(story, at, outcome):
    story.promise(visit_id="v")
    fulfilment = story.fulfil(at)
    (moment,) = story.visit().moments

    assert (moment.moment, moment.outcome, moment.derived) == ("preparation_time", outcome, True)
    assert (moment.at_ms, moment.event_id) == (fulfilment.ms, fulfilment.id)


def test_r16_open_broken_and_cancelled_promises_yield_none(story):
    story.promise(visit_id="v")
    story.promise(promise_id="q", visit_id="v")
    story.tell("promise.cancelled", 1, promise_id="q", by="site")
    facts = story.facts(9 * DAY)

    assert {promise.state for promise in facts.promises.values()} == {"broken"}
    assert facts.visits == {}


def test_r16_an_explicit_moment_suppresses_the_derived_one_only_in_the_same_visit(story):
    late_promise(story)
    story.moment(5, "below", visit_id="other", promise_id="p")
    story.moment(5, "below", visit_id=None, promise_id="p")
    assert [moment.derived for moment in story.visit().moments] == [True]

    story.moment(5, "below", promise_id="p")
    assert [moment.derived for moment in story.visit().moments] == [False]


def test_r16_a_promise_that_finds_its_visit_through_its_case_yields_a_moment_there(story):
    late_promise(story, visit_id=None, case_id="c")
    assert story.facts().visits == {}

    story.tell("failure.reported", 1, case_id="c", kind="cold", detected_by="staff", visit_id="v")
    assert [moment.promise_id for moment in story.visit().moments] == ["p"]


def test_moments_go_by_time_then_event_id_then_source(story):
    story.promise(visit_id="v")
    story.fulfil(10, event_id="m")
    story.moment(10, event_id="z", source="a")
    story.moment(10, event_id="m", source="a")
    story.moment(10, event_id="Z", source="a")
    story.moment(9.999, event_id="zz", source="a")

    assert [(moment.event_id, moment.source) for moment in story.visit().moments] == [
        ("zz", "a"),
        ("Z", "a"),
        ("m", "a"),
        ("m", "till"),
        ("z", "a"),
    ]


# Evidence, by R17, R18


def test_without_evidence_the_default_split_of_the_moment_counts(story):
    story.moment(0, "failed", moment="farewell")

    assert evidence(story) == [("default", {"front_of_house": ONE / 2, "checkout": ONE / 2})]


def test_r17_a_moment_of_a_late_promise_is_owned_by_who_made_it_late(story):
    late_promise(story)
    story.moment(5, "failed", visit_id="other", promise_id="p")

    assert evidence(story) == [("stage_overrun", {"kitchen": ONE})]
    assert evidence(story, "other") == [("stage_overrun", {"kitchen": ONE})]


def test_credit_never_goes_to_those_who_made_it_late(story):
    late_promise(story)
    story.moment(5, "met", promise_id="p")
    story.moment(6, "wow", promise_id="p")

    assert [basis for basis, _ in evidence(story)] == ["default", "default"]
    story.cause(promise_id="p")
    assert evidence(story) == [("root_cause", {"hr": ONE})] * 2


def test_r17_a_root_cause_applies_by_moment_then_promise_then_case(story):
    story.moment(0, "failed", moment_id="m", promise_id="p", case_id="c")
    story.promise(promise_id="p")
    assert evidence(story)[0][0] == "default"

    for target, owner in (("case_id", "bar"), ("promise_id", "it"), ("moment_id", "hr")):
        story.cause(0, {owner: 1}, **{target: target[0]})
        assert evidence(story) == [("root_cause", {owner: ONE})]


def test_r17_a_moment_without_an_id_is_named_by_its_event(story):
    named = story.moment(0, "failed", moment_id="m")
    unnamed = story.moment(1, "failed")
    story.cause(moment_id=named.id)
    story.cause(moment_id=unnamed.id)

    assert [basis for basis, _ in evidence(story)] == ["default", "root_cause"]


def test_r17_the_moments_own_case_speaks_first_and_the_promises_where_that_has_no_cause(story):
    story.promise(case_id="c", visit_id="elsewhere")
    story.moment(0, "failed", promise_id="p")
    story.moment(1, "failed", promise_id="p", case_id="d")
    assert [basis for basis, _ in evidence(story)] == ["default", "default"]

    story.cause(0, {"it": 1}, case_id="c")
    assert evidence(story) == [("root_cause", {"it": ONE})] * 2

    story.cause(0, {"hr": 1}, case_id="d")
    assert evidence(story) == [("root_cause", {"it": ONE}), ("root_cause", {"hr": ONE})]


def test_r17_the_latest_root_cause_of_a_target_counts(story):
    story.moment(0, "failed", moment_id="m")
    story.cause(5, {"bar": 1}, moment_id="m", event_id="b")
    story.cause(5, {"it": 1}, moment_id="m", event_id="a")
    story.cause(4, {"hr": 1}, moment_id="m", event_id="c")

    assert evidence(story) == [("root_cause", {"bar": ONE})]


def test_r17_a_cause_that_names_several_targets_is_assigned_to_each(story):
    story.moment(0, "failed", moment_id="m")
    story.moment(1, "failed", case_id="c")
    story.cause(0, moment_id="m", case_id="c")

    assert [basis for basis, _ in evidence(story)] == ["root_cause", "root_cause"]


def test_r17_a_dispute_changes_nothing_its_resolution_with_a_split_is_a_root_cause(story):
    story.moment(0, "failed", moment_id="m")
    story.tell("attribution.disputed", 3, moment_id="m", department="bar", split={"hr": 1})
    story.tell("attribution.resolved", 4, moment_id="m", department="bar")
    assert evidence(story)[0][0] == "default"

    story.tell("attribution.resolved", 2, moment_id="m", department="bar", split={"it": "1/1"})
    assert evidence(story) == [("root_cause", {"it": ONE})]


def test_r17_a_resolution_speaks_of_its_promise_or_moment_never_of_the_case_it_came_up_in(story):
    story.promise(promise_id="q", case_id="c", visit_id="elsewhere")
    story.moment(0, "failed", moment_id="m")
    story.moment(1, "failed", promise_id="p")
    story.moment(2, "failed", case_id="c")
    story.moment(3, "failed", promise_id="q")
    for target in ({"moment_id": "m"}, {"promise_id": "p"}):
        story.tell("attribution.resolved", 4, department="bar", split={"it": 1}, case_id="c", **target)

    assert [basis for basis, _ in evidence(story)] == ["root_cause", "root_cause", "default", "default"]
    assert story.the_promise(9 * DAY, "q").equivalents == {"unmeasured": ONE}


def test_r18_stage_evidence_stands_above_a_root_cause(story):
    late_promise(story)
    story.cause(promise_id="p")

    assert evidence(story) == [("stage_overrun", {"kitchen": ONE})]


def test_r18_a_root_cause_replaces_stage_evidence_that_is_wholly_unmeasured(story):
    late_promise(story, report=False)
    assert evidence(story) == [("stage_overrun", {"unmeasured": ONE})]

    story.cause(promise_id="p")
    assert evidence(story) == [("root_cause", {"hr": ONE})]
    assert story.the_promise().equivalents == {"unmeasured": 1}


def test_r18_a_moment_of_a_broken_promise_has_no_stage_evidence(story):
    story.promise(visit_id="v")
    story.tell("promise.cancelled", 1, promise_id="p", by="site")
    story.moment(5, "failed", promise_id="p")

    assert evidence(story)[0][0] == "default"


# Versions in force, by R20


def test_r20_weight_split_and_multipliers_are_those_of_the_moments_own_business_date(story):
    common = {"site": "chain", "retroactive": True}
    story.tell("moment_weight.set", -DAY, moment="farewell", weight=3, valid_from="2026-11-18", **common)
    story.tell("split.set", -DAY, moment="farewell", split={"hr": 1}, valid_from="2026-11-18", **common)
    story.tell("multipliers.set", -DAY, first=3, last=4, valid_from="2026-11-18", **common)
    story.moment(-39_601, "failed", moment="farewell")  # 03:59:59 at the site: the 17th
    story.moment(-39_600, "failed", moment="farewell")
    first, last = story.visit().moments

    assert (first.type_weight, last.type_weight) == (1, 3)
    assert (first.weight, last.weight) == (Fraction(5, 53), Fraction(48, 53))
    assert dict(first.split) == {"front_of_house": ONE / 2, "checkout": ONE / 2}
    assert dict(last.split) == {"hr": 1}


def test_r20_a_sites_own_decision_beats_a_later_one_of_the_chain(story):
    story.tell("moment_weight.set", -DAY, moment="farewell", weight=3, valid_from="2026-11-17", site="chain")
    story.tell("moment_weight.set", -2 * DAY, moment="farewell", weight=2, valid_from="2026-11-16")
    story.moment(0, moment="farewell")

    assert story.visit().moments[0].type_weight == 2


# What a visit is, when and through which channel, by R15, R21


def test_r21_a_visit_exists_through_its_start_its_end_or_a_moment(story):
    story.tell("visit.started", 0, visit_id="started", channel="web")
    story.tell("visit.ended", 0, visit_id="ended")
    story.moment(0, visit_id="moment")
    story.promise(visit_id="derived")
    story.fulfil(1)
    story.promise(promise_id="q", visit_id="promised")
    story.tell("wow.delivered", 0, visit_id="wow", idea="candle")
    story.tell("complaint.made", 0, visit_id="complained", kind="cold")
    visits = story.facts().visits

    assert {visit_id for _, visit_id in visits} == {"started", "ended", "moment", "derived"}
    assert visits["msk-04", "started"].ves is None
    assert visits["msk-04", "started"].last_score is None


def test_r15_a_visit_is_dated_by_its_earliest_start_else_moment_else_end(story):
    hour = 3600
    story.tell("visit.ended", -20 * hour, visit_id="v")
    assert story.visit().business_date == date(2026, 11, 17)
    story.moment(-13 * hour)
    assert story.visit().at_ms == story.events[-1].ms
    story.tell("visit.started", 14 * hour, visit_id="v", channel="web")
    story.tell("visit.started", 13 * hour, visit_id="v", channel="phone")

    assert story.visit().business_date == date(2026, 11, 19)
    assert story.visit().channel == "phone"
    assert story.visit().started_ms == story.visit().at_ms


def test_r15_the_channel_of_an_unstarted_visit_is_that_of_its_first_moment_with_one(story):
    story.moment(0)
    story.moment(2, channel="web")
    story.moment(1, channel="app")

    assert story.visit().channel == "app"


def test_r15_a_derived_moment_brings_the_channel_its_promise_named(story):
    story.promise(visit_id="v", channel="delivery_own")
    story.promise(promise_id="q", visit_id="v")
    story.fulfil(5)

    assert story.visit().channel == "delivery_own"
    assert story.the_promise(0, "q").channel == "delivery_own"


def test_r21_a_wow_is_a_moment_or_a_delivery_of_one(story):
    story.tell("visit.ended", 0, visit_id="delivered")
    story.tell("wow.delivered", 0, visit_id="delivered", idea="candle")
    story.moment(0, "wow", visit_id="lived")
    story.moment(0, "exceeded", visit_id="good")
    wow = {visit_id for (_, visit_id), visit in story.facts().visits.items() if visit.wow}

    assert wow == {"delivered", "lived"}


@pytest.mark.parametrize(
    ("outcomes", "spoil", "save"),
    [
        (["failed"], (False, False), (False, False)),
        (["met", "below"], (True, True), (False, False)),
        (["met", "wow"], (True, False), (False, False)),
        (["below", "exceeded"], (False, False), (True, True)),
        (["wow", "below", "met"], (False, False), (True, False)),
    ],
)
def test_r21_spoil_and_save_are_over_visits_with_two_moments_or_more(story, outcomes, spoil, save):
    for at, outcome in enumerate(outcomes):
        story.moment(at, outcome)
    visit = story.visit()

    assert (visit.could_spoil, visit.spoilt) == spoil
    assert (visit.could_save, visit.saved) == save


def test_a_moment_without_a_visit_is_loose(story):
    event = story.moment(0, "below", visit_id=None, channel="web", case_id="c")
    facts = story.facts()
    loose = facts.loose_moments["msk-04", "till", event.id]

    assert facts.visits == {}
    assert (loose.score, loose.channel, loose.business_date) == (50, "web", date(2026, 11, 18))


# Outcomes, by R14, R19


def outcomes(story):
    return [(fact.outcome, dict(fact.ledger)) for fact in story.facts().outcomes.values()]


@pytest.fixture
def failed_visit(story):
    """A quarter of the debit is the kitchen's, three quarters nobody's but the default owner's."""
    story.moment(0, "failed", moment_id="m")
    story.cause(0, {"kitchen": "1/4", "bar": "3/4"}, moment_id="m")
    return story


def test_r19_detractors_complaints_refunds_and_one_star_reviews_are_shared_by_debit(failed_visit):
    story = failed_visit
    story.tell("feedback.given", 1, visit_id="v", instrument="nps", score=6)
    story.tell("complaint.made", 1, visit_id="v", kind="cold")
    story.tell("review.posted", 1, visit_id="v", source_="maps", stars=1)
    refund = {"amount": "0.10", "currency": "RUB"}
    story.tell("refund.paid", 1, visit_id="v", case_id="c", amount=refund)
    quarter = {"kitchen": ONE / 4, "bar": 3 * ONE / 4}

    assert outcomes(story) == [
        ("detractors", quarter),
        ("complaints", quarter),
        ("one_star", quarter),
        ("refunds", {"kitchen": ONE / 40, "bar": 3 * ONE / 40}),
    ]


def test_r19_what_is_no_bad_outcome_is_shared_with_nobody(failed_visit):
    story = failed_visit
    story.tell("feedback.given", 1, visit_id="v", instrument="nps", score=7)
    story.tell("feedback.given", 1, visit_id="v", instrument="csat", score=1)
    story.tell("review.posted", 1, visit_id="v", source_="maps", stars=2)
    story.tell("refund.requested", 1, case_id="c", visit_id="v", amount={"amount": "5", "currency": "RUB"})

    assert outcomes(story) == [(None, {})] * 4


def test_r19_without_visit_known_visit_or_debit_it_is_unexplained(story):
    story.moment(0, "met", visit_id="fine")
    for visit in ({}, {"visit_id": "unknown"}, {"visit_id": "fine"}):
        story.tell("complaint.made", 1, kind="cold", **visit)

    assert outcomes(story) == [("complaints", {"unexplained": ONE})] * 3


def test_r14_complaints_and_refunds_find_their_visit_through_their_case_answers_do_not(failed_visit):
    story = failed_visit
    story.tell("failure.reported", 9, case_id="c", kind="cold", detected_by="staff", visit_id="v")
    story.tell("complaint.made", 1, kind="cold", case_id="c")
    story.tell("refund.paid", 1, case_id="c", amount={"amount": "4", "currency": "RUB"})
    story.tell("feedback.given", 1, case_id="c", instrument="nps", score=0)
    story.tell("review.posted", 1, case_id="c", source_="maps", stars=1)

    assert outcomes(story) == [
        ("complaints", {"kitchen": ONE / 4, "bar": 3 * ONE / 4}),
        ("refunds", {"kitchen": ONE, "bar": 3 * ONE}),
        ("detractors", {"unexplained": ONE}),
        ("one_star", {"unexplained": ONE}),
    ]


def test_r15_an_outcome_has_its_own_date_and_its_own_channel_else_its_visits(story):
    story.tell("visit.started", 0, visit_id="v", channel="dine_in")
    story.tell("complaint.made", 14 * 3600, visit_id="v", kind="cold")
    story.tell("complaint.made", 1, visit_id="v", kind="cold", channel="phone")
    own, later = story.facts().outcomes.values()

    assert (own.channel, own.business_date) == ("phone", date(2026, 11, 18))
    assert (later.channel, later.business_date) == ("dine_in", date(2026, 11, 19))
