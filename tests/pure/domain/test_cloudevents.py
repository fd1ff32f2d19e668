"""The envelope: CloudEvents 1.0 in structured and binary mode."""

from __future__ import annotations

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.cloudevents import (
    from_binary,
    from_structured,
    parse_batch,
    parse_event,
    parse_lines,
    to_headers,
    to_structured,
)
from domain.errors import ERRORS, Invalid

EVENT = {
    "specversion": "1.0",
    "id": "0193-1",
    "source": "/sites/msk-04/till-2",
    "type": "moments.promise.fulfilled",
    "time": "2026-11-02T08:30:00.1239+03:00",
    "siteid": "msk-04",
    "data": {"promise_id": "p-1"},
}


def read(**changes):
    members = {name: value for name, value in {**EVENT, **changes}.items() if value is not ...}
    return from_structured(msgspec.json.encode(members))


def refusal(**changes):
    with pytest.raises(Invalid) as refused:
        read(**changes)
    assert refused.value.code in ERRORS
    return refused.value.code, refused.value.pointer


class TestRefusals:
    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"[]",
            b"null",
            b'"text"',
            b"{",
            b"\xff\xfe",
            b'{"id":"\xff"}',
            b'{"id":"a","x":NaN}',
            b"[" * 100_000,
            b'{"data":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001,
        ],
    )
    def test_what_is_no_json_object(self, raw):
        with pytest.raises(Invalid) as refused:
            from_structured(raw)
        assert refused.value.code == "not_an_object"

    def test_bad_text_inside_fields_that_nobody_reads(self):
        raw = msgspec.json.encode({**EVENT, "data": {"promise_id": "p", "note": "X"}})
        for bad in (b"\xc3\x28", b"\\ud800", b"\\udc00 \\ud800"):
            with pytest.raises(Invalid) as refused:
                from_structured(raw.replace(b"X", bad))
            assert refused.value.code == "not_an_object"

    @pytest.mark.parametrize("name", ["specversion", "id", "source", "type", "time", "data"])
    def test_a_required_attribute_is_missing(self, name):
        assert refusal(**{name: ...}) == ("missing_attribute", "/" + name)

    @pytest.mark.parametrize("name", ["id", "source", "type", "time", "siteid"])
    def test_an_attribute_is_empty(self, name):
        assert refusal(**{name: ""}) == ("invalid_attribute", "/" + name)

    @pytest.mark.parametrize("name", ["id", "source", "type", "time", "siteid"])
    @pytest.mark.parametrize("value", [5, ["a"], {"a": 1}, True])
    def test_an_attribute_is_no_text(self, name, value):
        code, pointer = refusal(**{name: value})
        assert pointer == "/" + name
        assert code in {"invalid_attribute", "invalid_time"}

    def test_another_version_of_the_specification(self):
        assert refusal(specversion="0.3") == ("invalid_attribute", "/specversion")

    def test_an_id_of_129_characters(self):
        assert refusal(id="ї" * 129) == ("id_too_long", "/id")
        assert read(id="ї" * 128).id == "ї" * 128

    @pytest.mark.parametrize("name", ["id", "source", "siteid", "traceparent"])
    def test_control_characters(self, name):
        assert refusal(**{name: "a\x00b"}) == ("invalid_attribute", "/" + name)

    @pytest.mark.parametrize("name", ["Upper", "with-dash", "data.field", ""])
    def test_names_of_attributes_that_cloudevents_does_not_allow(self, name):
        assert refusal(**{name: "x"})[0] == "invalid_attribute"

    def test_extensions_that_are_objects(self):
        assert refusal(mine={"a": 1}) == ("invalid_attribute", "/mine")

    @pytest.mark.parametrize("time", ["2026-11-02T08:30:00", "yesterday", "1969-12-31T00:00:00Z"])
    def test_a_time_without_offset_or_out_of_range(self, time):
        assert refusal(time=time) == ("invalid_time", "/time")

    @pytest.mark.parametrize("data", [5, "text", [1], None])
    def test_data_that_is_no_object(self, data):
        assert refusal(data=data) == ("invalid_data", "/data")

    def test_data_that_is_no_json(self):
        assert refusal(datacontenttype="text/xml") == ("invalid_attribute", "/datacontenttype")

    @pytest.mark.parametrize("schema", ["/promise.made/1", "/promise.fulfilled", "/promise.fulfilled/x", "1"])
    def test_a_dataschema_of_another_type_or_without_version(self, schema):
        assert refusal(dataschema=schema) == ("invalid_attribute", "/dataschema")

    def test_data_base64_that_is_none(self):
        assert refusal(data=..., data_base64="***") == ("invalid_data", "/data_base64")

    @pytest.mark.parametrize("raw", [b"", b"3", b"[{]", b"\xff", b"[" * 100_000])
    def test_a_batch_that_is_no_array(self, raw):
        with pytest.raises(Invalid, match="not_an_object"):
            parse_batch(raw)


class TestStructured:
    def test_an_event_is_read(self):
        event = read(sequence="42", traceparent="00-a-b-01", mine=True, count=7)
        assert (event.id, event.source, event.siteid) == ("0193-1", "/sites/msk-04/till-2", "msk-04")
        assert event.time == EVENT["time"]
        assert event.ms == 1_793_597_400_123
        assert event.version == 1
        assert msgspec.json.decode(event.data) == EVENT["data"]
        assert event.extensions == {
            "sequence": "42",
            "traceparent": "00-a-b-01",
            "mine": "true",
            "count": "7",
        }
        assert parse_event(event).promise_id == "p-1"

    def test_without_siteid_it_is_the_chains(self):
        assert read(siteid=...).siteid is None
        assert read(siteid=None).siteid is None

    @pytest.mark.parametrize(
        "schema",
        [
            "https://moments.example/schemas/promise.fulfilled/1",
            "/v1/schemas/promise.fulfilled/1",
            "urn:moments:moments.promise.fulfilled/1",
        ],
    )
    def test_the_version_comes_from_dataschema(self, schema):
        assert read(dataschema=schema).version == 1
        assert read(dataschema=schema.replace("/1", "/12")).version == 12

    @pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=UTF-8", "text/x+json"])
    def test_json_has_many_names(self, kind):
        assert read(datacontenttype=kind).version == 1

    def test_data_may_come_as_base64(self):
        encoded = base64.b64encode(b'{"promise_id":"p-1"}').decode()
        assert parse_event(read(data=..., data_base64=encoded)).promise_id == "p-1"

    def test_a_number_as_sequence_is_its_text(self):
        assert read(sequence=42).extensions == {"sequence": "42"}


class TestBatches:
    def test_an_array_is_its_items_and_an_object_is_one(self):
        assert parse_batch(b' [{"a":1} , 2]') == [b'{"a":1}', b"2"]
        assert parse_batch(b' {"a":1} ') == [b'{"a":1}']
        assert parse_batch(b"[]") == []

    def test_lines_are_events_and_empty_ones_are_none(self):
        assert parse_lines(b'{"a":1}\r\n\n  \n{"b":2}') == [b'{"a":1}', b'{"b":2}']


class TestBinary:
    HEADERS = (
        ("Content-Type", "application/json"),
        ("CE-SpecVersion", "1.0"),
        ("ce-id", "a%20b"),
        ("ce-source", "/till"),
        ("ce-type", "moments.promise.fulfilled"),
        ("ce-time", "2026-11-02T08:30:00Z"),
        ("ce-siteid", "%D1%97"),
        ("ce-sequence", "7"),
        ("X-Other", "ignored"),
    )

    def test_a_header_is_missing(self):
        with pytest.raises(Invalid) as refused:
            from_binary([pair for pair in self.HEADERS if pair[0] != "ce-id"], b"{}")
        assert (refused.value.code, refused.value.pointer) == ("missing_attribute", "/id")

    @pytest.mark.parametrize("body", [b"", b"[]", b"\xff"])
    def test_a_body_that_is_no_object(self, body):
        with pytest.raises(Invalid):
            from_binary(dict(self.HEADERS), body)

    def test_attributes_come_from_headers_in_any_case(self):
        event = from_binary(self.HEADERS, b' {"promise_id":"p"}')
        assert (event.id, event.siteid, event.extensions) == ("a b", "ї", {"sequence": "7"})
        assert parse_event(event).promise_id == "p"

    def test_quoted_header_values_are_unquoted_before_they_are_decoded(self):
        given = [*self.HEADERS, ("ce-subject", '"a \\"b\\" 100%25"'), ("ce-note", '"')]
        extensions = from_binary(given, b"{}").extensions
        assert (extensions["subject"], extensions["note"]) == ('a "b" 100%', '"')

    def test_kafka_headers_are_not_percent_encoded(self):
        headers = {name.replace("ce-", "ce_").replace("CE-", "ce_"): value for name, value in self.HEADERS}
        assert from_binary(headers, b"{}", prefix="ce_").id == "a%20b"


TEXT = st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable())
NAMES = st.from_regex(r"[a-z0-9]{1,12}", fullmatch=True).filter(
    lambda name: name not in {*EVENT, "datacontenttype", "dataschema", "database64"}
)


class TestRoundTrip:
    @given(TEXT, TEXT, st.none() | TEXT, st.dictionaries(NAMES, TEXT, max_size=3))
    def test_an_event_written_and_read_back_is_itself(self, id_, source, siteid, extensions):
        event = read(id=id_, source=source, siteid=siteid, **extensions)
        assert plain(from_structured(to_structured(event))) == plain(event)
        assert plain(from_binary(to_headers(event), bytes(event.data))) == plain(event)
        assert plain(from_binary(to_headers(event, "ce_"), bytes(event.data), "ce_")) == plain(event)

    @given(st.binary(max_size=80))
    def test_bytes_of_any_kind_are_read_or_refused_and_never_crash(self, raw):
        with pytest.raises(Invalid):
            from_structured(raw)


def plain(event):
    return {**msgspec.structs.asdict(event), "data": bytes(event.data)}
