"""Sending events to a door in batches that can be sent again: a re-sent event is a duplicate and changes
nothing."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import BinaryIO, NamedTuple

from moments.client import Platform, explain
from moments.errors import CommandFailed

BATCH_EVENTS = 1_000
BATCH_BYTES = 4 << 20
_CHUNK = 1 << 20
_WHITE = b" \t\r\n"


class Line(NamedTuple):
    """One event as written: its line in an NDJSON file, or its place in an array, counted from 1."""

    number: int
    raw: bytes


@dataclass
class Totals:
    """What the door made of the events so far. `position` covers all of them, duplicates included."""

    accepted: int = 0
    duplicate: int = 0
    conflicts: int = 0
    rejected: int = 0
    position: str = ""
    refusals: list[tuple[int, str]] = field(default_factory=list)

    @property
    def sent(self) -> int:
        return self.accepted + self.duplicate + self.rejected


def lines(stream: BinaryIO) -> Iterator[Line]:
    """The events of an NDJSON stream or of one JSON array, without reading the whole into memory."""
    head = b""
    while not head.strip(_WHITE):
        chunk = stream.readline(_CHUNK)
        if not chunk:
            return
        head += chunk
    if head.lstrip(_WHITE).startswith(b"["):
        yield from _array(head, stream)
        return
    *blank, last = head.splitlines(keepends=True)
    for number, raw in enumerate(chain(blank, _whole(last, stream), stream), start=1):
        if text := raw.strip(_WHITE):
            yield Line(number, text)


def _whole(last: bytes, stream: BinaryIO) -> Iterator[bytes]:
    """The last line of the head, completed when the head ended in the middle of it."""
    yield last if last.endswith(b"\n") else last + stream.readline()


def _array(head: bytes, stream: BinaryIO) -> Iterator[Line]:
    """The members of a JSON array, one at a time. Raises CommandFailed where the text stops being JSON."""
    decoder = json.JSONDecoder()
    text = head.decode().lstrip()[1:]
    number, at_end = 0, False
    while True:
        text = text.lstrip(" \t\r\n,")
        if text.startswith("]"):
            return
        try:
            _, end = decoder.raw_decode(text)
            if end == len(text) and not at_end:
                raise json.JSONDecodeError("a number or word may go on", text, end)
        except json.JSONDecodeError as fault:
            more = _read_text(stream)
            if more:
                text += more
                continue
            if at_end:
                raise CommandFailed(
                    f"event {number + 1}: the array is not valid JSON: {fault.msg}"
                ) from fault
            at_end = True
            continue
        number += 1
        yield Line(number, text[:end].encode())
        text = text[end:]


def _read_text(stream: BinaryIO) -> str:
    """The next part of the stream, cut between two characters."""
    chunk = stream.read(_CHUNK)
    while chunk:
        try:
            return chunk.decode()
        except UnicodeDecodeError as cut:
            rest = stream.read(1)
            if not rest or cut.end < len(chunk) - 3:
                raise CommandFailed("the file is not UTF-8") from cut
            chunk += rest
    return ""


def batches(events: Iterator[Line]) -> Iterator[list[Line]]:
    """Groups that one request carries: at most BATCH_EVENTS, about BATCH_BYTES."""
    group: list[Line] = []
    size = 0
    for event in events:
        if group and (len(group) == BATCH_EVENTS or size + len(event.raw) > BATCH_BYTES):
            yield group
            group, size = [], 0
        group.append(event)
        size += len(event.raw)
    if group:
        yield group


def send(
    platform: Platform,
    events: Iterator[Line],
    *,
    import_: bool = False,
    progress: Callable[[Totals], None] = lambda _: None,
) -> Totals:
    """Sends everything, batch by batch, each answered before the next; returns what the door made of it.

    Raises CommandFailed when the platform stays away or refuses the key. What was answered by then is
    durable, and sending the same events again takes up where it stopped.
    """
    totals = Totals()
    for batch in batches(events):
        _send_batch(platform, batch, totals, import_=import_)
        progress(totals)
    return totals


def _send_batch(platform: Platform, batch: list[Line], totals: Totals, *, import_: bool) -> None:
    answer = platform.send(
        "POST",
        "/v1/events",
        params={"import": "true"} if import_ else None,
        content=b"\n".join(line.raw for line in batch) + b"\n",
        content_type="application/x-ndjson",
    )
    if answer.status_code in {400, 413}:
        # One unreadable line, or more than the door takes at once: halves find the line, or fit.
        if len(batch) == 1:
            totals.rejected += 1
            totals.refusals.append((batch[0].number, explain(answer)))
            return
        middle = len(batch) // 2
        _send_batch(platform, batch[:middle], totals, import_=import_)
        _send_batch(platform, batch[middle:], totals, import_=import_)
        return
    if answer.status_code not in {202, 207, 422}:
        raise CommandFailed(f"{explain(answer)} (nothing of line {batch[0].number} and later was taken)")
    summary = answer.json()
    totals.accepted += summary["accepted"]
    totals.duplicate += summary["duplicate"]
    totals.rejected += summary["rejected"]
    totals.position = summary.get("position") or totals.position
    for result in summary["results"]:
        if result["status"] == "rejected":
            where = f" ({result['pointer']})" if result.get("pointer") else ""
            text = f"{result['code']}: {result.get('detail', '')}{where}"
            totals.refusals.append((batch[result["index"]].number, text))
        elif result.get("conflict"):
            totals.conflicts += 1
