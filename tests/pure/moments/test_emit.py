"""Emit: reading what producers write, batches, halves after a refusal, patience with an absent platform."""

import json
from collections.abc import Callable
from io import BytesIO

import httpx
import pytest

from moments import emit
from moments.client import Platform
from moments.emit import Line, batches, lines, send
from moments.errors import CommandFailed


class Trickle(BytesIO):
    """A stream that gives one byte a read, as a slow pipe may."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(1 if size else size)


def summary(
    accepted: int, results: list[dict] | None = None, *, rejected: int = 0, duplicate: int = 0
) -> dict:
    return {
        "accepted": accepted,
        "duplicate": duplicate,
        "rejected": rejected,
        "position": "1-7",
        "results": results or [],
    }


def platform(
    answer: Callable[[httpx.Request], httpx.Response], patience_s: float = 60.0
) -> tuple[Platform, list[float]]:
    pauses: list[float] = []
    return (
        Platform(
            "http://door",
            "k",
            patience_s=patience_s,
            transport=httpx.MockTransport(answer),
            pause=pauses.append,
        ),
        pauses,
    )


def test_an_array_that_breaks_off_is_refused_with_the_place() -> None:
    read = lines(BytesIO(b'[{"id":"1"},{"id":'))

    assert next(read).raw == b'{"id":"1"}'
    with pytest.raises(CommandFailed, match="event 2: the array is not valid JSON"):
        next(read)


def test_a_file_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(CommandFailed, match="not UTF-8"):
        list(lines(BytesIO(b'[\n{"id":"\xff\xfe\xff\xff\xff\xff"}]')))


def test_ndjson_keeps_line_numbers_over_blank_lines_and_a_missing_last_newline() -> None:
    assert list(lines(BytesIO(b'\n \n{"a":1}\r\n\n{"b":2}'))) == [Line(3, b'{"a":1}'), Line(5, b'{"b":2}')]


def test_an_empty_stream_has_no_events() -> None:
    assert list(lines(BytesIO(b""))) == []
    assert list(lines(BytesIO(b" \n\n"))) == []
    assert list(lines(BytesIO(b" [ ] "))) == []


@pytest.mark.parametrize("stream", [BytesIO, Trickle])
def test_an_array_is_read_member_by_member_however_it_is_cut(stream: type[BytesIO]) -> None:
    events = [{"id": "1", "data": {"x": [1, 2, {"]": "[,"}]}}, {"id": "é", "n": 12.5}, 17, "кухня"]
    text = json.dumps(events, ensure_ascii=False, indent=1)

    assert [json.loads(line.raw) for line in lines(stream(text.encode()))] == events
    assert [line.number for line in lines(stream(text.encode()))] == [1, 2, 3, 4]


def test_batches_hold_at_most_their_events_and_bytes() -> None:
    small = [Line(number, b"x") for number in range(emit.BATCH_EVENTS * 2 + 1)]
    large = [Line(number, b"x" * (emit.BATCH_BYTES // 2 + 1)) for number in range(3)]

    assert [len(batch) for batch in batches(iter(small))] == [emit.BATCH_EVENTS, emit.BATCH_EVENTS, 1]
    assert [len(batch) for batch in batches(iter(large))] == [1, 1, 1]


def test_a_refused_key_stops_at_once() -> None:
    answers = platform(lambda _: httpx.Response(401, json={"title": "no key", "detail": "send a key"}))[0]

    with pytest.raises(CommandFailed, match="send a key"):
        send(answers, iter([Line(1, b"{}")]))


def test_an_absent_platform_is_asked_again_until_patience_ends() -> None:
    def gone(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    answers, pauses = platform(gone, patience_s=0.5)

    with pytest.raises(CommandFailed, match="http://door does not answer: refused"):
        send(answers, iter([Line(1, b"{}")]))
    assert pauses[0] == pytest.approx(0.2)


def test_retry_after_is_honoured_and_the_batch_sent_again() -> None:
    statuses = [429, 503, 202]
    bodies: list[bytes] = []

    def busy_then_taken(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        status = statuses.pop(0)
        if status == 202:
            return httpx.Response(202, json=summary(2))
        return httpx.Response(status, headers={"Retry-After": "7"}, json={"title": "later"})

    answers, pauses = platform(busy_then_taken)
    totals = send(answers, iter([Line(1, b'{"a":1}'), Line(2, b'{"b":2}')]))

    assert (totals.accepted, totals.position) == (2, "1-7")
    assert bodies == [b'{"a":1}\n{"b":2}\n'] * 3
    assert pauses == [7.0, 7.0]


def test_an_unreadable_line_is_found_and_the_others_are_taken() -> None:
    def refuses_the_broken(request: httpx.Request) -> httpx.Response:
        if b"broken" in request.content:
            return httpx.Response(400, json={"title": "not parseable", "detail": "no JSON"})
        return httpx.Response(202, json=summary(request.content.count(b"\n")))

    events = [Line(number, b"broken" if number == 6 else b"{}") for number in range(1, 10)]
    totals = send(platform(refuses_the_broken)[0], iter(events))

    assert (totals.accepted, totals.rejected) == (8, 1)
    assert totals.refusals == [(6, "no JSON")]


def test_refusals_carry_the_line_they_came_from() -> None:
    result = {
        "index": 1,
        "status": "rejected",
        "code": "unknown_site",
        "detail": "no site x",
        "pointer": "/siteid",
    }
    twin = {"index": 2, "status": "duplicate", "conflict": True}

    def partly(_: httpx.Request) -> httpx.Response:
        return httpx.Response(207, json=summary(1, [result, twin], rejected=1, duplicate=1))

    totals = send(platform(partly)[0], iter([Line(3, b"{}"), Line(8, b"{}"), Line(9, b"{}")]))

    assert totals.refusals == [(8, "unknown_site: no site x (/siteid)")]
    assert (totals.accepted, totals.duplicate, totals.conflicts, totals.sent) == (1, 1, 1, 3)


def test_import_is_asked_for_in_the_query() -> None:
    asked: list[str] = []

    def taken(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.query.decode())
        return httpx.Response(202, json=summary(1))

    send(platform(taken)[0], iter([Line(1, b"{}")]), import_=True)
    send(platform(taken)[0], iter([Line(1, b"{}")]))

    assert asked == ["import=true", ""]
