"""Two million events through the server mode, the broker killed in the middle: every total is exact.

    make load                          two million events (half an hour on two cores)
    MOMENTS_LOAD_EVENTS=100000 make load
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from benchmarks import load
from domain.cloudevents import from_structured, parse_event
from domain.derive import Facts, derive
from domain.event import Event
from domain.structure import StructureState
from projections.compare import compare
from tests.system.server_mode import KEY, Chain, chain

EVENTS = int(os.environ.get("MOMENTS_LOAD_EVENTS", "2000000"))
SITES = 100
EVENTS_A_DAY = 350_000
CONNECTIONS = 2
WHOLE_FACTS = 10
"""Every so many sites all facts are compared one by one; of each site the counts and its promises."""
_SITE = re.compile(rb'"siteid":"([^"]+)"')


class Kept:
    """What was sent, site by site, in files: the exact domain reads one site at a time."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._files: dict[str, BinaryIO] = {}
        self.count = 0

    def keep(self, body: bytes) -> None:
        """One request's lines."""
        for line in body.splitlines(keepends=True):
            found = _SITE.search(line)
            assert found is not None, line
            site = found[1].decode()
            if site not in self._files:
                self._files[site] = (self._folder / f"{site}.ndjson").open("wb")
            self._files[site].write(line)
            self.count += 1

    def close(self) -> None:
        """Nothing more is kept."""
        for file in self._files.values():
            file.close()

    def sites(self) -> Iterator[tuple[str, list[Event]]]:
        """Each site with its events in the order of sending."""
        self.close()
        for site, file in sorted(self._files.items()):
            yield site, events_of(Path(file.name).read_bytes())


def events_of(lines: bytes) -> list[Event]:
    """Events as the domain sees them, through the checks of the door."""
    return [_event(line) for line in lines.splitlines()]


def _event(line: bytes) -> Event:
    parsed = from_structured(line)
    return Event(
        id=parsed.id,
        source=parsed.source,
        type=parsed.type,
        ms=parsed.ms,
        siteid=parsed.siteid,
        data=parse_event(parsed),
        sequence=parsed.extensions.get("sequence"),
    )


@pytest.mark.load
@pytest.mark.timeout(0)
def test_totals_are_exact_after_a_broker_died_in_the_middle(tmp_path: Path) -> None:
    with (
        closing(Kept(tmp_path / "sent")) as kept,
        chain(tmp_path, MOMENTS_KAFKA_SESSION_S="15") as whole,
    ):
        decided = load.registrations(SITES)
        load.send(whole.url, KEY, [decided], 1)
        dying = threading.Thread(target=kill_broker, args=(whole,))

        def bodies() -> Iterator[bytes]:
            for body in load.back_fill(SITES, 1 + EVENTS // EVENTS_A_DAY):
                kept.keep(body)
                if kept.count >= EVENTS // 2 and dying.ident is None:
                    dying.start()
                yield body
                if kept.count >= EVENTS:
                    return

        started = time.perf_counter()
        sent = load.send(whole.url, KEY, bodies(), CONNECTIONS)
        dying.join()
        assert sent.events == kept.count
        say(f"{sent.events:,} events sent in {sent.seconds:,.0f} s")
        whole.position = sent.position
        whole.derived(7_200)
        seconds = time.perf_counter() - started
        say(f"derived after {seconds:,.0f} s: {sent.events / seconds:,.0f} events/s from door to facts")
        assert not_as_sent(whole, kept, decided) == []


def kill_broker(whole: Chain) -> None:
    """SIGKILL, and a start at once, as a supervisor would."""
    say("the broker is killed")
    whole.broker.kill()
    whole.broker.start()
    say("the broker is back")


def not_as_sent(whole: Chain, kept: Kept, decided: bytes) -> list[str]:
    """Every total that is not that of exact arithmetic over the events sent."""
    state = StructureState().apply_all(events_of(decided))
    rows = whole.store.rows(
        "SELECT site_id, type, count() FROM $gen.events FINAL WHERE main = 1 AND site_id != ''"
        " AND kind != 'structure' GROUP BY site_id, type",
        gen=whole.generation,
    )
    stored = {(site, type_): int(count) for site, type_, count in rows}
    on_time = on_time_by_site(whole)
    now_ms = int(time.time() * 1000)
    found: list[str] = []
    counted: Counter[tuple[str, str]] = Counter()
    for number, (site, events) in enumerate(kept.sites()):
        counted.update((site, event.type) for event in events)
        facts = derive(events, state, now_ms)
        told = on_time.pop(site, (0, 0))
        if told != (exact := promises_kept(facts)):
            found.append(f"{site}: promises kept {told}, should be {exact}")
        if number % WHOLE_FACTS == 0:
            table = f"{whole.generation}.events"
            subjects = f"(SELECT DISTINCT site_id, kind, id FROM {table} WHERE site_id = '{site}')"
            found += compare(whole.store, whole.generation, facts, keys=subjects)
    found += [
        f"{key}: {stored.get(key)} stored, {count} sent"
        for key, count in counted.items()
        if stored.get(key) != count
    ]
    found += [f"{key}: stored, never sent" for key in stored.keys() - counted.keys()]
    found += [f"{site}: promises kept by a site that never sent any" for site in on_time]
    say(f"compared: {sum(counted.values()):,} events, {len(counted)} totals of sites and types")
    return found


def on_time_by_site(whole: Chain) -> dict[str, tuple[int, int]]:
    """(kept, ended) promises by site, as the KPI API says."""
    last = datetime.fromtimestamp(load.UNTIL_MS / 1000, UTC).date()
    span = {"from": "2020-01-01", "to": str(last.replace(year=last.year + 1)), "group_by": "site"}
    answer = whole.http.get(whole.api_url + "/v1/kpis/on_time", params=span)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return {row["site"]: (round(row["numerator"]), round(row["denominator"])) for row in rows}


def promises_kept(facts: Facts) -> tuple[int, int]:
    """(kept, kept + late + broken) by the exact domain."""
    states = Counter(str(promise.state) for promise in facts.promises.values())
    kept = states["kept"]
    return kept, kept + states["late"] + states["broken"]


def say(line: str) -> None:
    """Progress, for whoever watches with -s."""
    print(f"{datetime.now(UTC):%H:%M:%S} {line}", flush=True)


