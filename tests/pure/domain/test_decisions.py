"""Decisions: what aggregates refuse, and that the state reads the same from them as from events (R20)."""

from __future__ import annotations

import itertools
from datetime import date
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.cloudevents import from_structured, parse_event
from domain.decisions import Decisions
from domain.errors import DecisionRefused, Invalid
from domain.event import Event
from domain.structure import CHAIN, EVER, StructureState

TODAY = "2026-11-02"
TIME = f"{TODAY}T08:30:00+03:00"
SITE = {
    "region": "north",
    "kind": "restaurant",
    "timezone": "Europe/Moscow",
    "business_day_start": "04:30",
    "currency": "RUB",
}
PASTRY = {"department": "pastry", "tier": "support", "title": "Pastry"}
PLAN = [{"stage": "cook", "department": "kitchen", "budget_s": 480}]
MOMENT = {
    "code": "tasting",
    "title": "Tasting",
    "phase": "choose",
    "ring": "experience",
    "weight": 1.5,
    "split": {"kitchen": 1},
}


class Office:
    """Sends decisions to the application as the door does; keeps the accepted events as the log does."""

    def __init__(self):
        self.decisions = Decisions()
        self.log = []
        self.numbers = itertools.count(1)

    def event(self, name, data, site=None, time=TIME, id_=None):
        members = {
            "specversion": "1.0",
            "source": "/office",
            "type": "moments." + name,
            "time": time,
            "data": data,
        }
        members["id"] = id_ or f"e{next(self.numbers):03}"
        if site:
            members["siteid"] = site
        return from_structured(msgspec.json.encode(members))

    def decide(self, name, data, site=None, *, time=TIME, admin=True, id_=None):
        event = self.event(name, data, site, time, id_)
        parsed = parse_event(event)
        touched = self.decisions.decide(event, parsed, admin=admin, now_ms=event.ms)
        self.log.append(Event(event.id, event.source, event.type, event.ms, event.siteid, parsed))
        return touched

    def refusal(self, *decision, **how):
        before = answers(self.decisions.structure)
        self.store()
        with pytest.raises(Invalid) as refused:
            self.decide(*decision, **how)
        assert self.decisions.pending_stored_events() == []
        assert answers(self.decisions.structure) == before
        return refused.value.code, refused.value.pointer

    def store(self):
        rows = self.decisions.pending_stored_events()
        if rows:
            self.decisions.recorder.insert_events(rows)

    @property
    def structure(self):
        return self.decisions.structure


def answers(state):
    """Everything a state can be asked."""
    return (
        [state.site_versions(site) for site in state.sites()],
        state.dictionary(),
        state.dictionary(date(2027, 1, 1)),
        *(
            sorted(map(repr, versions()))
            for versions in (
                state.weights,
                state.splits,
                state.multiplier_versions,
                state.budgets,
                state.standards,
                state.service_levels,
                state.baselines,
            )
        ),
    )


@pytest.fixture
def office():
    office = Office()
    office.decide("site.registered", SITE, "msk-04")
    return office


RULE = "rule_violated"


class TestRefusals:
    @pytest.mark.parametrize(
        ("name", "data", "site", "code", "pointer"),
        [
            ("site.registered", {**SITE, "currency": "EUR"}, "msk-04", RULE, "/siteid"),
            ("site.registered", SITE, None, "missing_attribute", "/siteid"),
            ("site.changed", {"name": "X"}, "nowhere", "unknown_site", "/siteid"),
            ("site.closed", {}, "nowhere", "unknown_site", "/siteid"),
            ("site.changed", {}, "msk-04", RULE, "/data"),
            ("site.changed", {"name": "X", "valid_from": "2026-11-01"}, "msk-04", RULE, "/data/valid_from"),
            ("site.changed", {"name": "X", "valid_from": "2150-01-01"}, "msk-04", RULE, "/data/valid_from"),
            ("site.registered", {**SITE, "valid_from": "2026-11-01"}, "new", RULE, "/data/valid_from"),
            (
                "department.registered",
                {**PASTRY, "department": "kitchen", "tier": "provider"},
                None,
                RULE,
                "/data/tier",
            ),
            ("department.registered", {**PASTRY, "title": " "}, None, RULE, "/data/title"),
            ("channel.registered", {"code": "fax", "title": {}}, None, RULE, "/data/title"),
            ("channel.registered", {"code": "fax", "title": "Fax"}, "nowhere", "unknown_site", "/siteid"),
            ("moment.registered", {**MOMENT, "weight": 0}, None, RULE, "/data/weight"),
            ("moment.registered", {**MOMENT, "code": "serving"}, None, RULE, "/data/code"),
            (
                "moment.registered",
                {**MOMENT, "split": {"nobody": 1}},
                None,
                "unknown_department",
                "/data/split/nobody",
            ),
            (
                "moment_weight.set",
                {"moment": "serving", "weight": 0, "valid_from": TODAY},
                None,
                RULE,
                "/data/weight",
            ),
            (
                "moment_weight.set",
                {"moment": "no", "weight": 1, "valid_from": TODAY},
                None,
                "unknown_moment",
                "/data/moment",
            ),
            (
                "moment_weight.set",
                {"moment": "recovery", "weight": 1, "valid_from": TODAY},
                None,
                RULE,
                "/data/weight",
            ),
            (
                "moment_weight.set",
                {"moment": "order_taking", "weight": 3, "valid_from": TODAY},
                "msk-04",
                RULE,
                "/data/weight",
            ),
            (
                "moment_weight.set",
                {"moment": "serving", "weight": 1, "valid_from": TODAY},
                "nowhere",
                "unknown_site",
                "/siteid",
            ),
            (
                "split.set",
                {"moment": "serving", "split": {"no": 1}, "valid_from": TODAY},
                None,
                "unknown_department",
                "/data/split/no",
            ),
            (
                "split.set",
                {"moment": "serving", "split": {"bar": 1}, "valid_from": "2026-11-01"},
                None,
                RULE,
                "/data/valid_from",
            ),
            ("multipliers.set", {"first": 0, "last": 2, "valid_from": TODAY}, None, RULE, "/data/first"),
            ("multipliers.set", {"first": 1, "last": "-1/2", "valid_from": TODAY}, None, RULE, "/data/last"),
            (
                "budget.set",
                {"kind": "serving", "stages": [], "valid_from": TODAY},
                None,
                RULE,
                "/data/stages",
            ),
            (
                "budget.set",
                {"kind": "serving", "stages": [{**PLAN[0], "budget_s": 0}], "valid_from": TODAY},
                None,
                RULE,
                "/data/stages/0/budget_s",
            ),
            (
                "budget.set",
                {"kind": "serving", "stages": [{**PLAN[0], "department": "no"}], "valid_from": TODAY},
                None,
                "unknown_department",
                "/data/stages/0/department",
            ),
            (
                "service_level.set",
                {"segment": "vip", "promise": "reply", "response_s": 0},
                None,
                RULE,
                "/data/response_s",
            ),
            (
                "standard.set",
                {"kpi": "ves", "target": 80, "valid_from": "2026-11-01"},
                None,
                RULE,
                "/data/valid_from",
            ),
        ],
    )
    def test_a_decision_that_breaks_a_rule_changes_nothing(self, office, name, data, site, code, pointer):
        assert office.refusal(name, data, site) == (code, pointer)

    def test_retroactive_needs_an_admin(self, office):
        late = {"moment": "serving", "weight": 1, "valid_from": "2026-10-01", "retroactive": True}
        assert office.refusal("moment_weight.set", late, admin=False) == (
            "admin_required",
            "/data/retroactive",
        )
        office.decide("moment_weight.set", late, admin=True)
        assert office.structure.weight("serving", CHAIN, date(2026, 10, 15)) == 1

    def test_a_weight_of_the_chain_must_suit_the_sites_that_have_their_own(self, office):
        office.decide(
            "moment_weight.set", {"moment": "order_taking", "weight": 2.5, "valid_from": TODAY}, "msk-04"
        )
        lower = {"moment": "recovery", "weight": 2, "valid_from": "2026-12-01"}
        assert office.refusal("moment_weight.set", lower) == (RULE, "/data/weight")

    def test_a_site_is_closed_once(self, office):
        office.decide("site.closed", {}, "msk-04")
        assert office.refusal("site.closed", {}, "msk-04") == (RULE, "/siteid")

    def test_a_refusal_by_rule_is_a_refused_decision(self, office):
        with pytest.raises(DecisionRefused):
            office.decide("multipliers.set", {"first": 0, "last": 0, "valid_from": TODAY})


class TestDays:
    """`valid_from` against the day of the decision's own time."""

    def test_of_a_site_it_is_the_business_day(self, office):
        before_day_start = "2026-11-02T04:29:59+03:00"
        yesterday = {"moment": "serving", "weight": 1, "valid_from": "2026-11-01"}
        office.decide("moment_weight.set", yesterday, "msk-04", time=before_day_start)
        assert office.refusal("moment_weight.set", yesterday, "msk-04", time="2026-11-02T04:30:00+03:00") == (
            RULE,
            "/data/valid_from",
        )

    @pytest.mark.parametrize("time", ["2026-11-02T23:00:00-05:00", "2026-11-03T01:00:00+03:00"])
    def test_of_the_chain_it_is_the_utc_or_the_written_day(self, office, time):
        office.decide("moment_weight.set", {"moment": "serving", "weight": 1, "valid_from": TODAY}, time=time)

    def test_a_correction_of_a_site_is_exempt(self, office):
        office.decide("site.changed", {"timezone": "Asia/Kolkata"}, "msk-04")
        assert office.structure.site("msk-04", EVER).timezone == "Asia/Kolkata"


class TestState:
    def test_a_site_has_its_record_by_day(self, office):
        office.decide("site.changed", {"region": "south", "valid_from": "2026-12-01"}, "msk-04")
        office.decide("site.changed", {"timezone": "Asia/Kolkata"}, "msk-04", time="2026-11-03T08:00:00Z")
        old, new = office.structure.site_versions("msk-04")
        assert (old.valid_from, old.valid_to, new.valid_to) == (EVER, date(2026, 12, 1), None)
        assert (old.region, new.region) == ("north", "south")
        assert old.timezone == new.timezone == "Asia/Kolkata"
        assert office.structure.site("msk-04", date(2026, 11, 30)) == old
        assert office.structure.site("msk-04") == new
        assert old.name == "msk-04"

    def test_registering_the_same_again_is_accepted_and_changes_nothing(self, office):
        before = answers(office.structure)
        office.decide("site.registered", SITE, "msk-04", time="2026-11-05T00:00:00Z")
        assert answers(office.structure) == before

    def test_one_identity_decides_once(self, office):
        office.decide("department.registered", PASTRY, id_="same")
        assert office.decide("department.registered", {**PASTRY, "title": "Other"}, id_="same") == []
        assert office.structure.dictionary().departments["pastry"].titles["en"] == "Pastry"

    def test_a_site_beats_the_chain_and_a_later_day_an_earlier_one(self, office):
        def weigh(weight, day, site=None, time=TIME):
            office.decide(
                "moment_weight.set",
                {"moment": "serving", "weight": weight, "valid_from": day},
                site,
                time=time,
            )

        weigh(2, "2026-11-10")
        weigh(4, "2026-11-20")
        weigh(3, "2026-11-10", time="2026-11-02T09:00:00+03:00")
        weigh(5, "2026-11-15", "msk-04")
        weight = office.structure.weight
        days = [date(2026, 11, day) for day in (9, 10, 15, 20)]
        assert [weight("serving", CHAIN, day) for day in days] == [Fraction(3, 2), 3, 3, 4]
        assert [weight("serving", "msk-04", day) for day in days] == [Fraction(3, 2), 3, 5, 5]

    def test_a_new_moment_has_weight_and_split_since_ever(self, office):
        office.decide("department.registered", PASTRY)
        office.decide("moment.registered", {**MOMENT, "split": {"pastry": "1/3", "kitchen": "2/3"}})
        assert office.structure.weight("tasting", "msk-04", EVER) == Fraction(3, 2)
        assert office.structure.split("tasting", CHAIN, EVER)["pastry"] == Fraction(1, 3)
        with pytest.raises(KeyError):
            office.structure.weight("unheard_of", CHAIN, EVER)

    def test_multipliers_budgets_standards_and_levels_by_day(self, office):
        day = date(2026, 11, 10)
        office.decide("multipliers.set", {"first": 1, "last": "3/2", "valid_from": str(day)})
        office.decide("budget.set", {"kind": "serving", "stages": PLAN, "valid_from": str(day)})
        office.decide("standard.set", {"kpi": "ves", "target": 80, "valid_from": str(day)})
        office.decide("service_level.set", {"segment": "vip", "promise": "reply", "response_s": 60})
        office.decide("baseline.reset", {"kpi": "ves", "reason": "new kitchen"})
        state = office.structure
        eve = date(2026, 11, 9)
        assert (state.multipliers("msk-04", eve).last, state.multipliers("msk-04", day).last) == (
            2,
            Fraction(3, 2),
        )
        assert state.budget("serving", "msk-04", eve) == ()
        assert [stage.budget_s for stage in state.budget("serving", "msk-04", day)] == [480]
        assert state.standard("ves", "msk-04", eve) is None
        assert state.standard("ves", "msk-04", day).target == 80
        assert state.service_level("vip", "reply", CHAIN, day).response_s == 60
        assert state.baseline("ves", "msk-04") == office.log[-1].ms

    def test_an_event_that_is_no_decision_changes_nothing_and_is_not_decided(self, office):
        with pytest.raises(TypeError):
            office.decide("guest.recognised", {}, "msk-04")


class TestStorage:
    def test_what_was_stored_is_loaded_again_without_scanning_the_log(self, office):
        office.decide("department.registered", PASTRY)
        office.decide(
            "split.set", {"moment": "serving", "split": {"pastry": 1}, "valid_from": TODAY}, "msk-04"
        )
        office.store()
        before = answers(office.structure)
        again = Decisions(recorder=office.decisions.recorder)
        again.recorder.select_notifications = None  # any scan of the log would fail
        assert answers(again.load()) == before

    def test_what_could_not_be_stored_is_forgotten(self, office):
        office.store()
        before = answers(office.structure)
        office.decide("site.registered", SITE, "msk-05")
        office.decide("site.changed", {"name": "Arbat"}, "msk-04")
        assert office.decisions.pending_stored_events()
        office.decisions.forget_pending()
        assert answers(office.structure) == before
        office.decide("site.registered", SITE, "msk-05")
        office.store()
        assert office.structure.sites() == ["msk-04", "msk-05"]

    def test_many_decisions_make_one_batch_of_rows(self):
        office = Office()
        for number in range(50):
            office.decide("site.registered", SITE, f"s-{number:02}")
        rows = office.decisions.pending_stored_events()
        assert len(rows) == 1 + 2 * 50
        assert len({(row.originator_id, row.originator_version) for row in rows}) == len(rows)
        assert all(":" in row.topic for row in rows)

    def test_no_personal_field_reaches_the_aggregates_rows(self, office):
        office.decide("site.changed", {"name": "Arbat", "employee_ref": "ivan-petrov"}, "msk-04")
        assert all(b"ivan-petrov" not in row.state for row in office.decisions.pending_stored_events())


DAYS = st.dates(date(2026, 11, 2), date(2026, 11, 9)).map(str)
TIMES = st.integers(0, 5).map(lambda hour: f"{TODAY}T{hour:02}:00:00Z")
SITES = st.sampled_from([None, "a", "b"])
DECISIONS = st.one_of(
    st.tuples(
        st.just("moment_weight.set"),
        st.fixed_dictionaries(
            {
                "moment": st.sampled_from(["serving", "recovery", "order_taking"]),
                "weight": st.integers(1, 5),
                "valid_from": DAYS,
            }
        ),
        SITES,
    ),
    st.tuples(
        st.just("split.set"),
        st.fixed_dictionaries(
            {
                "moment": st.just("serving"),
                "split": st.sampled_from([{"bar": 1}, {"it": "1/3", "hr": "2/3"}]),
                "valid_from": DAYS,
            }
        ),
        SITES,
    ),
    st.tuples(
        st.just("site.changed"),
        st.fixed_dictionaries(
            {"name": st.sampled_from(["A", "B", "C"])},
            optional={"valid_from": DAYS, "timezone": st.sampled_from(["Asia/Kolkata", "Europe/Kyiv"])},
        ),
        st.sampled_from(["a", "b"]),
    ),
    st.tuples(
        st.just("department.registered"),
        st.fixed_dictionaries(
            {
                "department": st.just("pastry"),
                "tier": st.sampled_from(["support", "provider"]),
                "title": st.sampled_from(["P", "Q"]),
            }
        ),
        st.none(),
    ),
)


@given(st.lists(st.tuples(DECISIONS, TIMES), max_size=12), st.randoms(use_true_random=False))
def test_the_state_is_the_same_from_aggregates_and_from_events_in_any_order(decisions, order):
    office = Office()
    for site in ("a", "b"):
        office.decide("site.registered", SITE, site)
    for (name, data, site), time in decisions:
        try:
            office.decide(name, data, site, time=time)
        except Invalid:
            continue
    office.store()
    events = list(office.log)
    order.shuffle(events)
    from_events = StructureState().apply_all([*events, *events])
    from_aggregates = Decisions(recorder=office.decisions.recorder).load()
    assert answers(from_events) == answers(from_aggregates) == answers(office.structure)
    for site, day in itertools.product(("a", "b", CHAIN), (date(2026, 11, 5), date(2027, 1, 1))):
        heavier, lighter = (from_events.weight(code, site, day) for code in ("recovery", "order_taking"))
        assert heavier > lighter
