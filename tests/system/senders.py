"""Clients that send a story to a platform that keeps dying: random shapes, re-sending, poison in between."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import zstandard

from tests.streams import random_stream, site_decisions
from tests.system.conftest import UpAndRunning, alive, eventually
from tests.system.judge import CloudEventDict, Identity, conflicts
from tests.system.poison import Poison, poisons

HELD_BACK = ("msk-05", "окно", "ночная_смена")
"""A site, a channel and a department that are registered only when their events have long been refused."""


@dataclass
class Item:
    raw: bytes
    event: CloudEventDict | None = None
    poison: Poison | None = None


@dataclass
class Story:
    """Everything that will be sent. `early` are decisions; `late` those that come when all else was sent."""

    early: list[CloudEventDict]
    late: list[CloudEventDict]
    events: list[CloudEventDict]
    poison: list[Poison]

    @property
    def decisions(self) -> list[CloudEventDict]:
        return [*self.early, *self.late]


def story(seed: int, size: int, now_ms: int) -> Story:
    """A stream with numbered sources, persons, repeats, events half a year old, and poison."""
    rng = random.Random(f"story {seed}")
    decisions = site_decisions(seed, now_ms)
    events = random_stream(seed, size, now_ms)
    _number(rng, events)
    _persons(seed, events)
    late = [decision for decision in decisions if _registers(decision) in HELD_BACK]
    early = [decision for decision in decisions if decision not in late]
    return Story(early, late, events, list(poisons(now_ms)))


def _registers(decision: CloudEventDict) -> str | None:
    data = decision["data"]
    if decision["type"] == "moments.site.registered":
        return decision["siteid"]
    return data.get("code") or (data.get("department") if "registered" in decision["type"] else None)


def _number(rng: random.Random, events: list[CloudEventDict]) -> None:
    """Sequence numbers by source: none, without a gap, or with gaps; copies of one identity share one."""
    style: dict[str, float] = {}
    given: dict[Identity, str] = {}
    last: dict[str, int] = {}
    for event in events:
        source, identity = event["source"], (event["source"], event["id"])
        gap = style.setdefault(source, rng.choice((-1, 0, 0, 0.002)))
        if gap < 0:
            continue
        if identity not in given:
            last[source] = last.get(source, rng.randint(0, 3)) + (2 if rng.random() < gap else 1)
            given[identity] = str(last[source])
        event["sequence"] = given[identity]


def _persons(seed: int, events: list[CloudEventDict]) -> None:
    """The same for all copies of an identity: what is sealed would not tell them apart."""
    for event in events:
        rng = random.Random(f"{seed} {event['source']} {event['id']}")
        if rng.random() < 0.1:
            event["data"] = {**event["data"], "customer_ref": f"c-{rng.randint(0, 30)}"}
        if event["type"] == "moments.feedback.given" and rng.random() < 0.5:
            event["data"] = {**event["data"], "verbatim": rng.choice(("холодно", "ok", 'a "b" \\ c\n'))}


@dataclass
class Answer:
    items: list[Item]
    status: int
    summary: dict[str, Any]


@dataclass
class Sending:
    """Several clients at work on one list of batches."""

    url: Callable[[], str]
    keys: list[str]
    rng: random.Random
    batches: list[list[Item]]
    again: float = 0.15
    pause_s: float = 0.01
    answers: list[Answer] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    retried: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _next: int = 0

    @property
    def progress(self) -> float:
        return self._next / max(1, len(self.batches))

    def run(self, clients: int, beside: Callable[[Sending], None] | None = None) -> None:
        threads = [
            threading.Thread(target=self._client, args=(random.Random(self.rng.random()),))
            for _ in range(clients)
        ]
        for thread in threads:
            thread.start()
        if beside:
            beside(self)
        for thread in threads:
            thread.join(timeout=240)
        assert not any(thread.is_alive() for thread in threads), "a client hangs"
        assert not self.failures, self.failures[:5]

    def _take(self) -> list[Item] | None:
        with self._lock:
            if self._next >= len(self.batches):
                return None
            self._next += 1
            return self.batches[self._next - 1]

    def _client(self, rng: random.Random) -> None:
        with httpx.Client(timeout=20) as http:
            while (batch := self._take()) is not None:
                try:
                    self._deliver(http, rng, batch)
                    if rng.random() < self.again:
                        self._deliver(http, rng, batch)
                except Exception as error:  # noqa: BLE001 - told by the main thread
                    self.failures.append(f"{type(error).__name__}: {error}")
                    return
                time.sleep(rng.random() * 2 * self.pause_s)

    def _deliver(self, http: httpx.Client, rng: random.Random, batch: list[Item]) -> None:
        """Again and again until it is answered, in another shape each time."""
        key, deadline = rng.choice(self.keys), time.monotonic() + 120
        while True:
            headers, body = request(rng, batch)
            try:
                answer = http.post(
                    f"{self.url()}/v1/events",
                    content=body,
                    headers={**headers, "Authorization": f"Bearer {key}"},
                )
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code not in {429, 503}:
                assert answer.status_code in {202, 207, 422}, (
                    f"{answer.status_code} {answer.text[:300]} {headers}"
                )
                self.answers.append(Answer(batch, answer.status_code, answer.json()))
                return
            if answer is not None:
                assert int(answer.headers["Retry-After"]) > 0
            assert time.monotonic() < deadline, "no answer in two minutes"
            self.retried += 1
            time.sleep(0.05)


def request(rng: random.Random, batch: list[Item]) -> tuple[dict[str, str], bytes]:
    """One of the shapes that can carry this batch."""
    shapes = ["ndjson"]
    if all(item.poison is None or item.poison.whole_json for item in batch):
        shapes += ["batch", "array"]
        if len(batch) == 1 and batch[0].raw[:1] == b"{":
            shapes += ["structured", "object"]
    if len(batch) == 1 and batch[0].event is not None:
        shapes += ["binary", "binary"]
    shape = rng.choice(shapes)
    headers: dict[str, str] = {}
    if shape == "binary":
        event = batch[0].event or {}
        headers = {
            f"ce-{name}": quote(str(value), safe="") for name, value in event.items() if name != "data"
        }
        headers["Content-Type"] = rng.choice(("application/json", "application/json; charset=UTF-8"))
        body = json.dumps(event["data"], ensure_ascii=rng.random() < 0.5).encode()
    else:
        names = {"ndjson": "application/x-ndjson", "batch": "application/cloudevents-batch+json",
                 "array": "application/json", "structured": "application/cloudevents+json",
                 "object": "application/json"}  # fmt: skip
        headers["Content-Type"] = names[shape] + rng.choice(
            ("", "; charset=utf-8", ";CHARSET=UTF-8", '; Charset="utf-8"')
        )
        if shape == "ndjson":
            end = rng.choice((b"\n", b"\r\n", b"\n\n"))
            body = end.join(item.raw for item in batch) + rng.choice((b"", b"\n"))
        elif shape in {"batch", "array"}:
            body = b"[" + rng.choice((b",", b" ,\n ")).join(item.raw for item in batch) + b"]"
        else:
            body = batch[0].raw
    packing = rng.choice(("", "", "gzip", "zstd"))
    if packing:
        headers["Content-Encoding"] = rng.choice((packing, packing.upper()))
        body = gzip.compress(body) if packing == "gzip" else zstandard.compress(body)
    return headers, body


def item_of(rng: random.Random, event: CloudEventDict) -> Item:
    """One valid event as bytes: members in any order, unicode escaped or not."""
    names = list(event)
    rng.shuffle(names)
    text = json.dumps({name: event[name] for name in names}, ensure_ascii=rng.random() < 0.5)
    return Item(text.encode(), event)


def check_answers(
    answers: list[Answer], winners: dict[Identity, CloudEventDict], waiting: bool = True
) -> dict[str, int]:
    """Every answer against what counts in the end. Returns how often each thing was said."""
    told = {"accepted": 0, "duplicate": 0, "conflict": 0, "rejected": 0}
    accepted: set[Identity] = set()
    wrong: dict[bytes, Any] = {}
    for answer in answers:
        summary, said = answer.summary, {row["index"]: row for row in answer.summary["results"]}
        assert len(said) == len(summary["results"]) == summary["duplicate"] + summary["rejected"], summary
        assert summary["accepted"] + len(said) == len(answer.items), summary
        expected = (
            202 if not summary["rejected"] else 422 if summary["rejected"] == len(answer.items) else 207
        )
        assert answer.status == expected, (answer.status, summary)
        assert summary["position"].startswith("1-"), summary
        for index, item in enumerate(answer.items):
            row = said.get(index)
            if item.poison is not None:
                if (
                    row is None
                    or row["status"] != "rejected"
                    or row["code"] != item.poison.code
                    or not row["pointer"].startswith(item.poison.pointer)
                ):
                    wrong[item.raw] = (item.poison.code, item.poison.pointer, row)
                told["rejected"] += 1
                continue
            assert item.event is not None
            identity = (item.event["source"], item.event["id"])
            if row is None:
                assert identity not in accepted, f"accepted twice: {identity}"
                assert not conflicts(item.event, winners[identity]), (
                    f"another version was accepted: {item.event} {winners[identity]}"
                )
                accepted.add(identity)
                told["accepted"] += 1
                continue
            assert row["id"] == identity[1]
            if row["status"] == "rejected":
                assert waiting, (identity, row)
                assert row["code"] in {
                    "unknown_site",
                    "unknown_department",
                    "unknown_channel",
                    "unknown_moment",
                }, (identity, row)
                told["rejected"] += 1
            else:
                assert row["conflict"] == conflicts(item.event, winners[identity]), (
                    identity,
                    row,
                    item.event,
                    winners[identity],
                )
                told["duplicate"] += 1
                told["conflict"] += row["conflict"]
    assert not wrong, wrong
    return told


# Killing


@dataclass
class Mortal:
    """`moments up` on one folder, killed and started again."""

    start: Callable[..., UpAndRunning]
    data: Path
    rng: random.Random
    kills: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.now = self.start(data=self.data)

    def url(self) -> str:
        return self.now.url

    def kill(self, what: str) -> None:
        self.kills.append(what)
        if what == "all":
            parts = [self.now.process.pid]
            for name in ("door", "core"):
                try:
                    parts.append(self.now.part(name))
                except AssertionError:
                    continue  # just dead, not yet started again
            for process in parts:
                os.kill(process, signal.SIGKILL)
            self.now.process.wait()
            eventually(lambda: not any(map(alive, parts)), within_s=30)
            self.now = self.start(data=self.data)
        else:
            try:
                os.kill(self.now.part(what), signal.SIGKILL)
            except (AssertionError, ProcessLookupError):
                return

    def torment(self, sending: Sending, kills: list[str]) -> None:
        """Spread over the sending, by its progress."""
        points = sorted(self.rng.uniform(0.05, 0.95) for _ in kills)
        for point, what in zip(points, kills, strict=True):
            while sending.progress < point and not sending.failures:
                time.sleep(0.005)
            time.sleep(self.rng.random() * 0.2)
            self.kill(what)
