"""What a body may look like, and how little of a hostile one is ever made."""

import contextlib
import gzip
import json
import tracemalloc

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.bodies import (
    MAX_BODY_BYTES,
    MAX_EVENTS,
    Binary,
    BodyFault,
    decoder_of,
    expand,
    pack_binary,
    shape_of,
    split,
    unpack_binary,
)

ZSTD = zstandard.ZstdCompressor()


def refused(status, call, *arguments):
    with pytest.raises(BodyFault) as fault:
        call(*arguments)
    assert fault.value.status == status


@pytest.mark.parametrize(
    "media", [None, "", "text/plain", "application/xml", "application/x-ndjson2", "multipart/form-data"]
)
def test_other_media_types_are_refused(media):
    refused(415, shape_of, media, [])


def test_other_charsets_are_refused():
    refused(415, shape_of, "application/json; charset=windows-1251", [])


@pytest.mark.parametrize(
    ("media", "shape"),
    [
        ("application/cloudevents+json", "one"),
        ("application/cloudevents-batch+json", "array"),
        ("application/json", "one_or_array"),
        ("application/x-ndjson", "lines"),
        ("Application/CloudEvents+JSON; Charset=UTF-8", "one"),
        ('application/cloudevents-batch+json;charset="utf-8"', "array"),
        ("APPLICATION/X-NDJSON ; CHARSET=Utf-8", "lines"),
    ],
)
def test_media_types_in_any_case_with_any_parameters(media, shape):
    assert shape_of(media, []) == shape


def test_binary_mode_is_known_by_its_headers():
    assert shape_of("application/json", ["CE-SpecVersion"]) == "binary"
    assert shape_of("application/vnd.till+json", ["ce-specversion"]) == "binary"
    refused(415, shape_of, "text/plain", ["ce-specversion"])


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, zstd", "x"])
def test_other_content_encodings_are_refused(encoding):
    refused(415, decoder_of, encoding)


def test_known_content_encodings_in_any_case():
    assert [decoder_of(text) for text in (None, "", "identity", "GZIP", "x-gzip", "Zstd")] == [
        None,
        None,
        None,
        "gzip",
        "gzip",
        "zstd",
    ]


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("zstd", ZSTD.compress)])
class TestCompressed:
    def test_garbage_and_torn_streams_are_400(self, encoding, pack):
        whole = pack(b"[" + b"1," * 500 + b"1]")
        refused(400, expand, b"no stream", encoding)
        refused(400, expand, whole[:-4], encoding)
        refused(400, expand, whole + b"junk", encoding)

    def test_a_bomb_is_413_and_never_unfolds(self, encoding, pack):
        bomb = pack(bytes(400 << 20))
        tracemalloc.start()
        refused(413, expand, bomb, encoding)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 64 << 20

    def test_exactly_the_limit_passes(self, encoding, pack):
        assert len(expand(pack(bytes(MAX_BODY_BYTES)), encoding)) == MAX_BODY_BYTES
        refused(413, expand, pack(bytes(MAX_BODY_BYTES + 1)), encoding)

    def test_several_frames_are_one_body(self, encoding, pack):
        assert expand(pack(b"ab") + pack(b"cd"), encoding) == b"abcd"


@pytest.mark.parametrize(
    ("body", "shape"),
    [
        (b"", "one_or_array"),
        (b"  \n ", "lines"),
        (b"nonsense", "one_or_array"),
        (b"42", "one_or_array"),
        (b'"text"', "one_or_array"),
        (b'{"a":', "one"),
        (b'[{"a":1},', "array"),
        (b'[{"a":1}]x', "array"),
        (b"[NaN]", "array"),
        (b"[1,]", "array"),
        (b"[]", "one"),
        (b"{}", "array"),
        (b"[" * 5000, "array"),
        (b'{"a":' * 5000, "one"),
        (b'{"a":1}{"b":2}', "one_or_array"),
    ],
)
def test_a_body_that_cannot_be_cut_is_400(body, shape):
    refused(400, split, body, shape)


def test_more_than_10_000_events_are_413():
    refused(413, split, b"[" + b"{}," * MAX_EVENTS + b"{}]", "array")
    refused(413, split, b"{}\n" * (MAX_EVENTS + 1), "lines")
    assert len(split(b"{}\n" * MAX_EVENTS, "lines")) == MAX_EVENTS


def test_elements_of_any_kind_are_cut_and_left_to_be_judged_one_by_one():
    assert split(b'[{"a":1}, 42, null, "x", [1]]', "array") == [b'{"a":1}', b"42", b"null", b'"x"', b"[1]"]
    assert split(b" [] ", "array") == []


def test_an_element_with_a_lone_surrogate_does_not_cost_its_neighbours():
    assert split(b'[{"a":1} ,{"b":"\\ud800"}, {"c":2}]', "array") == [
        b'{"a":1}',
        b'{"b":"\\ud800"}',
        b'{"c":2}',
    ]


def test_lines_are_cut_whatever_is_in_them():
    assert split(b'{"a":1}\r\n\n  \n{bad\n\xff\xff', "lines") == [b'{"a":1}\r', b"{bad", b"\xff\xff"]


def test_a_byte_order_mark_is_no_event():
    assert split(b"\xef\xbb\xbf{}", "one") == [b"{}"]


def test_binary_mode_keeps_its_headers_for_a_replay():
    [item] = split(b"{}", "binary", [("ce-id", "1"), ("host", "x"), ("content-type", "application/json")])
    assert item == Binary([("ce-id", "1"), ("content-type", "application/json")], b"{}")
    assert unpack_binary(pack_binary(item)) == item


@settings(max_examples=300)
@given(st.binary(max_size=200), st.sampled_from(["one", "array", "one_or_array", "lines"]))
def test_no_bytes_raise_anything_else(body, shape):
    with contextlib.suppress(BodyFault):
        split(body, shape)


@given(
    st.lists(
        st.recursive(
            st.none() | st.integers() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)
        )
    )
)
def test_an_array_is_cut_into_its_elements(values):
    body = json.dumps(values).encode()
    assert [json.loads(item) for item in split(body, "array")] == values


def test_header_texts_that_came_as_bare_utf_8_are_read_as_such():
    headers = [("ce-subject", "заказ".encode().decode("latin-1")), ("ce-note", "caf\u00e9"), ("accept", "x")]
    assert split(b"{}", "binary", headers) == [Binary([("ce-subject", "заказ"), ("ce-note", "café")], b"{}")]
