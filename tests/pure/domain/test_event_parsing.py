"""What is inside an event: refusals with code and pointer, then what the wire forms mean (R2, R3)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ERRORS, Invalid
from domain.events import (
    AREAS,
    EVENT_TYPES,
    DeclaredStage,
    EventData,
    Money,
    channels_named,
    departments_named,
    moments_named,
    parse_data,
    personal_fields,
    to_wire_json,
)
from domain.events.docs import events_markdown, field_texts, types_of
from domain.events.feedback import ReviewPosted
from domain.events.fields import fields_of
from domain.events.promise import PromiseMade
from domain.events.schema import json_schema, versions_of

GOLDEN = Path(__file__).parents[2] / "golden"
PROMISE = {"promise_id": "p-1", "kind": "preparation_time", "made_by": "front_of_house", "window_s": 900}
CAUSE = {"promise_id": "p-1", "sphere": "process_or_team"}


def parse(name, data, version=1, at=None):
    raw = data if isinstance(data, bytes) else msgspec.json.encode(data)
    return parse_data("moments." + name, version, raw, at)


def refusal(name, data, **how):
    with pytest.raises(Invalid) as refused:
        parse(name, data, **how)
    assert refused.value.code in ERRORS
    return refused.value.code, refused.value.pointer


def read_or_refusal(wire_type, version, raw):
    try:
        return parse_data(wire_type, version, raw)
    except Invalid as refused:
        return refused


def stage(name, budget=60, **more):
    return {"stage": name, "department": "kitchen", "budget_s": budget, **more}


class TestRefusals:
    def test_a_type_nobody_knows(self):
        assert refusal("promise.kept", {}) == ("unknown_type", "/type")

    def test_a_version_that_never_was(self):
        assert refusal("promise.made", PROMISE, version=7) == ("unknown_version", "/dataschema")

    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"[]",
            b"3",
            b"null",
            b"{",
            b'{"promise_id":"\xff"}',
            b'{"promise_id":"\\ud800"}',
            b'{"promise_id":NaN}',
            b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
            b'{"promise_id":' + b"1" * 10_000 + b"}",
        ],
    )
    def test_what_is_no_json_object(self, raw):
        assert refusal("promise.fulfilled", raw)[0] == "invalid_data"

    @pytest.mark.parametrize("field", ["promise_id", "kind", "made_by"])
    def test_a_required_field_is_missing(self, field):
        data = {name: value for name, value in PROMISE.items() if name != field}
        assert refusal("promise.made", data) == ("invalid_data", "/data/" + field)

    def test_a_promise_with_neither_window_nor_due_time(self):
        data = {name: value for name, value in PROMISE.items() if name != "window_s"}
        assert refusal("promise.made", data) == ("invalid_data", "/data/window_s")

    def test_an_empty_id(self):
        assert refusal("promise.made", {**PROMISE, "visit_id": ""}) == ("invalid_data", "/data/visit_id")

    @pytest.mark.parametrize("value", [-1, -0.3, -1e300])
    def test_a_negative_duration(self, value):
        assert refusal("promise.made", {**PROMISE, "window_s": value}) == (
            "negative_duration",
            "/data/window_s",
        )

    @pytest.mark.parametrize("text", [b"1e999999999", b"1" * 30, b"1" * 6000, b'"900"', b"true", b"[]"])
    def test_a_duration_beyond_reason_or_no_number(self, text):
        raw = b'{"promise_id":"p","kind":"k","made_by":"d","window_s":' + text + b"}"
        assert refusal("promise.made", raw) == ("invalid_data", "/data/window_s")

    def test_a_declared_stage_without_budget(self):
        data = {**PROMISE, "stages": [stage("cook"), {"stage": "serve", "department": "kitchen"}]}
        assert refusal("promise.made", data) == ("invalid_data", "/data/stages/1/budget_s")

    def test_a_declared_stage_with_a_negative_budget(self):
        data = {**PROMISE, "stages": [stage("cook", -1)]}
        assert refusal("promise.made", data) == ("negative_duration", "/data/stages/0/budget_s")

    def test_two_declared_stages_of_one_name(self):
        data = {**PROMISE, "stages": [stage("cook"), stage("serve"), stage("cook")]}
        assert refusal("promise.made", data) == ("duplicate_stage", "/data/stages/2/stage")

    def test_due_before_it_was_made_by_a_millisecond(self):
        data = {**PROMISE, "window_s": None, "due_at": "1970-01-01T00:00:01.000Z"}
        assert refusal("promise.made", data, at=1_001) == ("due_before_made", "/data/due_at")

    @pytest.mark.parametrize("text", ["2026-11-02T08:30:00", "soon", 5, "1969-12-31T23:59:59Z"])
    def test_a_time_without_offset_or_out_of_range(self, text):
        data = {**PROMISE, "due_at": text}
        assert refusal("promise.made", data) == ("invalid_time", "/data/due_at")

    def test_a_block_that_ends_before_it_begins(self):
        data = {
            "promise_id": "p",
            "cause_department": "it",
            "from": "2026-11-02T08:30:00Z",
            "to": "2026-11-02T08:29:59Z",
        }
        assert refusal("stage.blocked", data) == ("negative_duration", "/data/to")

    @pytest.mark.parametrize(
        ("split", "code", "pointer"),
        [
            ({}, "split_not_one", "/data/split"),
            ({"kitchen": 0.5}, "split_not_one", "/data/split"),
            ({"kitchen": 0.3333333333, "bar": 0.6666666666}, "split_not_one", "/data/split"),
            ({"kitchen": "1/3", "bar": "2/3", "it": "1/10"}, "split_not_one", "/data/split"),
            ({"kitchen": 2, "bar": -1}, "invalid_data", "/data/split/bar"),
            ({"kitchen": "1/0"}, "invalid_data", "/data/split/kitchen"),
            ({"a/b~": "half"}, "invalid_data", "/data/split/a~1b~0"),
            ({"kitchen": True}, "invalid_data", "/data/split/kitchen"),
            ([], "invalid_data", "/data/split"),
        ],
    )
    def test_a_split_that_is_none(self, split, code, pointer):
        assert refusal("root_cause.assigned", {**CAUSE, "split": split}) == (code, pointer)

    @pytest.mark.parametrize("number", [b"1e999999999", b"1e-999999999", b"0." + b"1" * 100_000])
    def test_a_share_that_would_take_gigabytes_to_write_out(self, number):
        raw = b'{"promise_id":"p","sphere":"process_or_team","split":{"kitchen":' + number + b"}}"
        assert refusal("root_cause.assigned", raw) == ("invalid_data", "/data/split/kitchen")

    def test_a_root_cause_of_nothing(self):
        data = {"sphere": "process_or_team", "split": {"kitchen": 1}}
        assert refusal("root_cause.assigned", data) == ("invalid_data", "/data/moment_id")

    @pytest.mark.parametrize("amount", ["-1", "NaN", "Infinity", "1e99", "", "much"])
    def test_an_amount_that_is_no_money(self, amount):
        data = {"case_id": "c", "amount": {"amount": amount, "currency": "RUB"}}
        assert refusal("refund.paid", data) == ("invalid_data", "/data/amount/amount")

    @pytest.mark.parametrize("currency", ["rub", "RU", "RUBL", "RUB\n", ""])
    def test_a_currency_that_has_not_three_letters(self, currency):
        data = {"case_id": "c", "amount": {"amount": "1", "currency": currency}}
        assert refusal("refund.paid", data) == ("invalid_data", "/data/amount/currency")

    @pytest.mark.parametrize(("instrument", "score"), [("nps", 11), ("nps", -1), ("csat", 0), ("ces", 8)])
    def test_a_score_off_its_scale(self, instrument, score):
        data = {"instrument": instrument, "score": score}
        assert refusal("feedback.given", data) == ("invalid_data", "/data/score")

    def test_a_mystery_item_that_scores_more_than_it_can(self):
        item = {"item": "greeted", "department": "bar", "weight": 1, "max": 5}
        data = {"form": "f", "items": [item, {**item, "scored": 6}]}
        assert refusal("mystery_visit.scored", data) == ("invalid_data", "/data/items/1/scored")

    def test_an_old_version_is_judged_by_its_own_shape(self):
        assert refusal("review.posted", {"stars": 5}) == ("invalid_data", "/data/source")

    @pytest.mark.parametrize("day_start", ["24:00", "4:30", "04:30:00", "04:60", "04:30\n"])
    def test_a_business_day_that_begins_at_no_time(self, day_start):
        data = {
            "region": "r",
            "kind": "store",
            "timezone": "UTC",
            "currency": "RUB",
            "business_day_start": day_start,
        }
        assert refusal("site.registered", data) == ("invalid_data", "/data/business_day_start")

    @pytest.mark.parametrize(
        "zone", ["Europe/Atlantis", "", "../../etc/passwd", "Europe", "/etc/localtime", 3]
    )
    def test_a_time_zone_that_does_not_exist(self, zone):
        assert refusal("site.changed", {"timezone": zone}) == ("invalid_data", "/data/timezone")


class TestWhatIsRead:
    def test_seconds_are_whole_with_halves_up(self):
        data = parse("promise.made", {**PROMISE, "window_s": 2.5, "stages": [stage("cook", 0.49)]})
        assert data.window_s == 3
        assert data.stages == (DeclaredStage(stage="cook", department="kitchen", budget_s=0),)

    def test_seconds_are_rounded_as_written_not_as_floats(self):
        raw = b'{"promise_id":"p","stage":"s","department":"d","actual_s":2.49999999999999999999}'
        assert parse("stage.completed", raw).actual_s == 2

    def test_the_window_wins_over_the_due_time(self):
        data = parse("promise.made", {**PROMISE, "due_at": "1970-01-01T00:00:05Z"}, at=60_000)
        assert (data.window(60_000), data.due(60_000)) == (900, 960_000)

    def test_a_due_time_makes_a_window_of_whole_seconds(self):
        data = parse(
            "promise.made", {**PROMISE, "window_s": None, "due_at": "1970-01-01T00:00:05.100Z"}, at=999
        )
        assert (data.window(999), data.due(999)) == (5, 5_100)

    @pytest.mark.parametrize("stages", [None, []])
    def test_no_stages_are_no_stages(self, stages):
        assert parse("promise.made", {**PROMISE, "stages": stages}).stages == ()

    @pytest.mark.parametrize(
        "split",
        [
            b'{"kitchen":0.1,"bar":0.2,"it":0.7}',
            b'{"kitchen":"1/10","bar":"0.2","it":7e-1}',
            b'{"kitchen":0.10,"bar":"1/5","it":"7/10"}',
        ],
    )
    def test_shares_are_exact_as_written(self, split):
        data = parse(
            "root_cause.assigned", b'{"promise_id":"p","sphere":"over_promise","split":' + split + b"}"
        )
        assert data.split == {"kitchen": Fraction(1, 10), "bar": Fraction(1, 5), "it": Fraction(7, 10)}

    def test_unknown_fields_are_no_error(self):
        assert parse("guest.recognised", {"how": {"deep": [1, 2]}}) == parse("guest.recognised", {})

    def test_money_is_read_as_text_or_number(self):
        for amount in (b'"284.10"', b"284.10"):
            raw = b'{"visit_id":"v","bill":{"amount":' + amount + b',"currency":"RUB"}}'
            assert parse("visit.ended", raw).bill == Money(amount=Decimal("284.10"), currency="RUB")

    def test_every_name_of_the_dictionary_is_found_with_its_pointer(self):
        data = parse("promise.made", {**PROMISE, "channel": "web", "stages": [stage("a"), stage("b")]})
        assert list(departments_named(data)) == [
            ("/data/made_by", "front_of_house"),
            ("/data/stages/0/department", "kitchen"),
            ("/data/stages/1/department", "kitchen"),
        ]
        assert list(channels_named(data)) == [("/data/channel", "web")]
        assert list(moments_named(data)) == [("/data/kind", "preparation_time")]

    def test_the_departments_of_a_split_are_named_too(self):
        data = parse("root_cause.assigned", {**CAUSE, "split": {"a/b": "1/2", "it": "1/2"}})
        assert list(departments_named(data)) == [("/data/split/a~1b", "a/b"), ("/data/split/it", "it")]

    def test_the_departments_of_a_mystery_visit_are_named_too(self):
        item = {"item": "greeted", "department": "bar", "weight": 1.0, "max": 5.0}
        data = parse("mystery_visit.scored", {"form": "f", "items": [item]})
        assert list(departments_named(data)) == [("/data/items/0/department", "bar")]
        assert parse_data(data.TYPE, data.VERSION, to_wire_json(data)) == data

    def test_what_a_registration_brings_is_no_name_to_look_up(self):
        data = parse("department.registered", {"department": "pastry", "tier": "support", "title": "Pastry"})
        assert list(departments_named(data)) == []

    def test_personal_fields_are_marked(self):
        marked = {name: personal_fields(cls) for name, cls in EVENT_TYPES.items()}
        assert all(roles["customer_ref"] == "customer" for roles in marked.values())
        assert all(roles["employee_ref"] == "employee" for roles in marked.values())
        assert marked["moments.feedback.given"]["verbatim"] == "verbatim"
        assert marked["moments.recovery.owned"]["owner"] == "employee"


class TestVersions:
    def test_a_review_of_version_1_is_read_as_one_of_version_2(self):
        old = (GOLDEN / "review.posted.1.json").read_bytes()
        new = (GOLDEN / "review.posted.2.json").read_bytes()
        assert parse("review.posted", old, version=1) == parse("review.posted", new, version=2)

    def test_what_is_written_is_the_newest_version(self):
        old = parse("review.posted", (GOLDEN / "review.posted.1.json").read_bytes(), version=1)
        assert to_wire_json(old) == (GOLDEN / "review.posted.2.json").read_bytes().strip()

    @pytest.mark.parametrize("wire_type", sorted(EVENT_TYPES))
    def test_every_version_up_to_the_newest_is_accepted_and_described(self, wire_type):
        cls = EVENT_TYPES[wire_type]
        assert versions_of(wire_type) == list(range(1, cls.VERSION + 1))
        for version in versions_of(wire_type):
            schema = json_schema(wire_type, version)
            assert schema["$id"].endswith(f"{wire_type.removeprefix('moments.')}/{version}")
            with pytest.raises(Invalid):
                parse_data(wire_type, version, b"[]")

    def test_a_schema_says_what_is_required_personal_and_named(self):
        schema = json_schema("promise.made", 1)
        assert set(schema["required"]) == {"promise_id", "kind", "made_by"}
        assert schema["anyOf"] == [{"required": ["window_s"]}, {"required": ["due_at"]}]
        assert schema["properties"]["made_by"]["x-names"] == "department"
        assert schema["properties"]["customer_ref"]["x-personal"] == "customer"

    def test_a_schema_of_nothing_is_refused(self):
        with pytest.raises(Invalid, match="unknown_type"):
            json_schema("promise.kept", 1)
        with pytest.raises(Invalid, match="unknown_version"):
            json_schema("promise.made", 2)


class TestDocumentation:
    def test_the_page_of_events_is_current(self):
        page = Path(__file__).parents[3] / "docs" / "events.md"
        assert page.read_text(encoding="utf-8") == events_markdown(), (
            "python -m domain.events.docs > docs/events.md"
        )

    @pytest.mark.parametrize("wire_type", sorted(EVENT_TYPES))
    def test_every_type_says_its_wire_name_and_every_field(self, wire_type):
        cls = EVENT_TYPES[wire_type]
        assert cls.__doc__.startswith(f"`{wire_type}`: ")
        assert {field.wire for field in fields_of(cls)} <= set(field_texts(cls))

    def test_the_areas_hold_every_type(self):
        listed = [cls for module in AREAS.values() for cls in types_of(module)]
        assert {cls.TYPE: cls for cls in listed} == EVENT_TYPES


IDS = st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable())
SECONDS = st.integers(min_value=0, max_value=1_000_000_000)
STAGES = st.lists(
    st.builds(DeclaredStage, stage=IDS, department=IDS, budget_s=SECONDS, group=st.none() | IDS),
    max_size=4,
    unique_by=lambda each: each.stage,
)
INSTANTS = st.integers(min_value=0, max_value=7_258_118_399_999)


@st.composite
def splits(draw):
    weights = draw(st.dictionaries(IDS, st.integers(min_value=1, max_value=10**6), min_size=1, max_size=5))
    return {code: Fraction(weight, sum(weights.values())) for code, weight in weights.items()}


class TestRoundTrip:
    @given(
        st.builds(
            PromiseMade,
            promise_id=IDS,
            kind=IDS,
            made_by=IDS,
            visit_id=st.none() | IDS,
            window_s=st.none() | SECONDS,
            due_at=INSTANTS,
            stages=STAGES.map(tuple),
        )
    )
    def test_a_promise_written_and_read_back_is_itself(self, data):
        assert parse_data(data.TYPE, data.VERSION, to_wire_json(data)) == data

    @given(splits())
    def test_a_split_written_and_read_back_is_itself(self, split):
        data = parse("root_cause.assigned", {**CAUSE, "split": {code: str(s) for code, s in split.items()}})
        assert data.split == split
        assert parse_data(data.TYPE, data.VERSION, to_wire_json(data)) == data

    @given(IDS, st.floats(min_value=1, max_value=5), st.none() | st.lists(IDS, max_size=3).map(tuple))
    def test_a_review_written_and_read_back_is_itself(self, platform, stars, themes):
        data = ReviewPosted(platform=platform, stars=stars, themes=themes)
        assert parse_data(data.TYPE, data.VERSION, to_wire_json(data)) == data

    @given(st.sampled_from(sorted(EVENT_TYPES)), st.binary(max_size=60))
    def test_bytes_of_any_kind_are_read_or_refused_and_never_crash(self, wire_type, raw):
        assert isinstance(read_or_refusal(wire_type, 1, raw), EventData | Invalid)

    JSON = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    )

    @given(st.sampled_from(sorted(EVENT_TYPES)), st.data())
    def test_any_json_in_any_field_is_read_or_refused_with_a_pointer(self, wire_type, drawn):
        fields = [field.wire for field in fields_of(EVENT_TYPES[wire_type])]
        members = drawn.draw(st.dictionaries(st.sampled_from(fields), self.JSON, max_size=5))
        read = read_or_refusal(wire_type, EVENT_TYPES[wire_type].VERSION, msgspec.json.encode(members))
        assert isinstance(read, EventData) or (read.code in ERRORS and read.pointer.startswith("/data"))
