"""Streams nobody has seen, through the door, with the platform killed on the way: every number of the API
against exact arithmetic. The judge is in judge.py, the clients and their poison in senders.py.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.system.conftest import ADMIN_KEY, UpAndRunning, eventually
from tests.system.judge import Judge, chunks, versions_of
from tests.system.poison import oddities
from tests.system.senders import Item, Mortal, Sending, Story, check_answers, item_of, story

Start = Callable[..., UpAndRunning]


class Trial:
    """One story told to one platform, and the judge of what it made of it."""

    def __init__(self, start: Start, data: Path, seed: int, size: int, kills: list[str]) -> None:
        self.rng = random.Random(f"trial {seed}")
        self.mortal = Mortal(start, data, self.rng)
        now_ms = int(time.time() * 1000)
        self.story: Story = story(seed, size, now_ms)
        self.limits = {
            "one site": (self._key("one", sites=["del/1"]), ["del/1"]),
            "a region": (self._key("asia", regions=["asia"]), ["del/1", "lhi-остров"]),
            "both": (self._key("both", sites=["nyc-1"], regions=["centre"]), ["msk-04", "msk-05", "nyc-1"]),
        }
        ingest = [self._key(f"till-{number}", role="ingest") for number in range(4)]
        events = self.story.events + oddities(now_ms)
        items = [item_of(self.rng, event) for event in events]
        items += [Item(poison.raw, poison=poison) for poison in self.story.poison]
        self.rng.shuffle(items)
        batches = list(chunks(self.rng, items, 150))
        early = self._send([ADMIN_KEY], [[item_of(self.rng, event) for event in self.story.early]], 1, [])
        first = self._send(ingest, batches, 4, kills)
        late = self._send([ADMIN_KEY], [[item_of(self.rng, event) for event in self.story.late]], 1, [])
        self.judge = Judge(self.mortal.url(), ADMIN_KEY, self.story.decisions, versions_of(events))
        eventually(self._taken_in, within_s=60)
        again = self._send(ingest, [batch for batch in batches if self.rng.random() < 0.3], 3, [])
        answers = [*early.answers, *first.answers, *late.answers, *again.answers]
        self.judge.settle(max((answer.summary["position"] for answer in answers), key=_row))
        winners = {(event["source"], event["id"]): event for event in self.judge.events}
        self.told = check_answers(first.answers, winners)
        check_answers(again.answers, winners, waiting=False)

    def _key(self, name: str, role: str = "read", **limits: Any) -> str:
        made = self.mortal.now.http.post("/v1/keys", json={"name": name, "role": role, **limits})
        assert made.status_code == 201, made.text
        return str(made.json()["key"])

    def _send(self, keys: list[str], batches: list[list[Item]], clients: int, kills: list[str]) -> Sending:
        sending = Sending(self.mortal.url, keys, self.rng, batches)
        sending.run(clients, (lambda running: self.mortal.torment(running, kills)) if kills else None)
        return sending

    def _taken_in(self) -> bool:
        """Nothing of the story waits any more: what it waited for is registered."""
        rows = self.judge.ask("/v1/dead-letters", status="waiting", limit=1000)["rows"]
        return all(row["source"] == "/poison" for row in rows)

    def refusals_are_kept(self) -> None:
        """Every poison is a dead letter with its bytes."""
        letters: dict[str, list[dict[str, Any]]] = {}
        cursor = None
        while True:
            page = self.judge.ask("/v1/dead-letters", status="refused", limit=100, cursor=cursor)
            for row in page["rows"]:
                letters.setdefault(row["code"], []).append(row)
            cursor = page["next"]
            if cursor is None:
                break
        for code in {poison.code for poison in self.story.poison if not poison.code.startswith("unknown_")}:
            sent = {poison.raw for poison in self.story.poison if poison.code == code and poison.whole_json}
            row = self.rng.choice(letters[code])
            shown = self.judge.ask(f"/v1/dead-letters/{row['letter']}")
            raw = (shown["raw"] or "").strip().encode()
            assert raw in sent or code == "not_an_object", raw

    def audits(self) -> None:
        """verify finds nothing, rebuild changes nothing."""
        for verb in ("verify", "rebuild"):
            done = self.mortal.now.run(verb)
            assert done.returncode == 0, f"{verb}: {done.stdout[-1500:]} {done.stderr[-1500:]}"


def _row(position: str) -> int:
    return int(position.partition("-")[2])


def test_every_number_is_exact_after_crashes_of_all_parts(up: Start, tmp_path: Path) -> None:
    trial = Trial(up, tmp_path / "data", seed=11, size=500, kills=["core", "door", "all"])

    assert all(trial.told.values()), f"the story lacks something: {trial.told}"
    trial.refusals_are_kept()
    assert trial.judge.everything(random.Random(1), share=0.04) > 3_000
    trial.judge.limited(random.Random(2), {"both": trial.limits["both"]})
    trial.audits()
    trial.judge.everything(random.Random(3), share=0.01)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(21, 27))
def test_many_stories_and_every_number(up: Start, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    kills = rng.choices(("core", "door", "all"), k=rng.randint(3, 8))
    trial = Trial(up, tmp_path / "data", seed, size=rng.choice((300, 1500, 4000)), kills=kills)

    trial.refusals_are_kept()
    trial.judge.everything(rng, share=1.0)
    trial.judge.limited(rng, trial.limits)
    trial.audits()
    trial.judge.everything(rng, share=0.2)


def test_an_id_that_others_only_mention_elsewhere_is_not_ambiguous(up: Start) -> None:
    platform = up()
    record = {
        "region": "north",
        "kind": "store",
        "timezone": "UTC",
        "business_day_start": "00:00",
        "currency": "EUR",
    }
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

    def event(id_: str, type_: str, site: str, data: dict[str, Any]) -> dict[str, Any]:
        return {"specversion": "1.0", "id": id_, "source": "/t", "type": f"moments.{type_}", "time": now,
                "siteid": site, "data": data}  # fmt: skip

    made = {"promise_id": "p/1", "kind": "billing", "made_by": "accounting", "window_s": 60}
    told = platform.send(
        [
            event("s1", "site.registered", "one", record),
            event("s2", "site.registered", "two", record),
            event("m", "promise.made", "one", made),
            event("f", "promise.fulfilled", "two", {"promise_id": "p/1"}),
        ]
    )

    asked = platform.http.get(f"/v1/promises/{quote('p/1')}", params={"min_position": told["position"]})
    assert (asked.status_code, asked.json().get("site")) == (200, "one")
    waiting = platform.http.get("/v1/promises/p%2F1", params={"site": "two"})
    assert waiting.status_code == 404


def test_one_address_describes_itself_whole_and_refuses_in_one_form(platform: UpAndRunning) -> None:
    paths = platform.ask("/openapi.json")["paths"]
    assert {"get", "post", "options"} <= paths["/v1/events"].keys()
    assert {"/v1/kpis", "/v1/shares", "/v1/dead-letters", "/v1/keys", "/v1/audit", "/readyz"} <= paths.keys()

    for path in (
        "/v1/dead-letters/x",
        "/v1/dead-letters?limit=x",
        "/v1/kpis/ves?grain=year",
        "/v1/promises?limit=0",
    ):
        refused = platform.http.get(path)
        assert refused.status_code == 422, path
        assert refused.headers["Content-Type"] == "application/problem+json", path
        assert {"type", "title", "status", "detail"} <= refused.json().keys(), path
        assert all(fault["pointer"].startswith("/") for fault in refused.json()["errors"]), path
