"""What is sent: the demonstration chain at a restaurant's real density, in the two shapes that matter.

back-fill  a visit's events together, day by day and site by site, as `moments import` brings them
live       one day of many sites in order of time: thousands of open visits interleaved
"""

import http.client
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from queue import Queue
from typing import Any
from urllib.parse import urlsplit

import msgspec

from moments.simulate import chain_of, decisions, history

VISITS = 300
SEED = 7
BATCH = 500
UNTIL_MS = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp()) * 1000
DAY_MS = 86_400_000
_MOST_BROKEN = 20


def registrations(sites: int) -> bytes:
    """The decisions of a chain, as one body."""
    return "".join(decisions(chain_of(sites), seed=SEED)).encode()


def back_fill(sites: int, days: int, until_ms: int = UNTIL_MS) -> Iterator[bytes]:
    """Bodies of 500 events, a visit's events close together."""
    chain = chain_of(sites)
    stream = history(chain, days=days, until_ms=until_ms, seed=SEED, visits=VISITS)
    return bodies(line for _, line in stream)


def live(sites: int, events: int, until_ms: int) -> list[bytes]:
    """Bodies of 500 events in order of time over all sites: the first `events` of the day after
    `until_ms`."""
    chain = chain_of(sites)
    day = sorted(history(chain, days=1, until_ms=until_ms + DAY_MS, seed=SEED, visits=VISITS))
    begin = len(day) // 3  # noon: the sites of all zones are open
    return list(bodies(line for _, line in day[begin : begin + events]))


def bodies(lines: Iterable[str]) -> Iterator[bytes]:
    """NDJSON bodies of 500 events."""
    rest = iter(lines)
    while batch := list(islice(rest, BATCH)):
        yield "".join(batch).encode()


class Sent(msgspec.Struct):
    """What came of sending: events accepted, seconds, the highest position."""

    events: int
    seconds: float
    position: str


def send(url: str, key: str, batches: Iterable[bytes], connections: int) -> Sent:
    """Sends bodies over kept connections, each connection one body at a time; every answer has to be 202."""
    waiting: Queue[bytes | None] = Queue(maxsize=4 * connections)
    answers: list[tuple[int, int]] = []
    faults: list[str] = []

    def sender() -> None:
        address = urlsplit(url)
        door = http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
        while (body := waiting.get()) is not None:
            broken = 0
            while True:
                try:
                    door.request("POST", "/v1/events?import=true", body, headers)
                    answer = door.getresponse()
                    text = answer.read()
                except (ConnectionError, http.client.HTTPException):
                    door.close()  # a door ends connections that were quiet for long; the body comes again
                    broken += 1
                    if broken > _MOST_BROKEN:
                        raise
                    continue
                if answer.status not in {429, 503}:
                    break
                time.sleep(float(answer.headers.get("Retry-After", 1)) / 4)
            if answer.status != 202:
                faults.append(f"{answer.status}: {text[:300]!r}")
                continue
            summary: dict[str, Any] = msgspec.json.decode(text)
            known = summary["accepted"] + summary["duplicate"]
            answers.append((known, int(summary["position"].split("-")[1])))
        door.close()

    threads = [threading.Thread(target=sender) for _ in range(connections)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for body in batches:
        waiting.put(body)
    for _ in threads:
        waiting.put(None)
    for thread in threads:
        thread.join()
    if faults:
        raise RuntimeError(f"{len(faults)} requests failed, the first: {faults[0]}")
    elapsed = time.perf_counter() - started
    return Sent(sum(accepted for accepted, _ in answers), elapsed, f"1-{max(row for _, row in answers)}")


def percentile(values: Sequence[float], share: float) -> float:
    """The value at or below which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
