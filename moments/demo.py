"""`moments up --demo`: registers the demonstration chain, fills its history through the door, and lets it
live on."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count

from moments import emit
from moments.client import Platform
from moments.emit import Line
from moments.errors import CommandFailed
from moments.first_look import first_true_sentence, where_to_look
from moments.platform import Running
from moments.simulate import SimulatedSite, chain_of, decisions, history, upcoming

SITES = 20
DAYS = 21
VISITS = 40
SEED = 1
_LIVE_STEP_S = 0.5


def live(running: Running) -> None:
    """The companion of a running platform. Ends with it; what it cannot do it says in one line."""
    chain = chain_of(SITES)
    now_ms = time.time_ns() // 1_000_000
    try:
        with Platform(running.url, running.tokens.admin, patience_s=60) as platform:
            _fill(running, platform, chain, now_ms)
            until = datetime.fromtimestamp(now_ms / 1000, UTC).date() + timedelta(days=1)
            _introduce(running, platform, until - timedelta(days=DAYS + 1), until)
            _go_on(running, platform, chain, now_ms)
    except CommandFailed as failed:
        if not running.stopping:
            running.announce(f"demo: {failed}")


def _fill(running: Running, platform: Platform, chain: list[SimulatedSite], now_ms: int) -> None:
    """Decisions and history through the door; on a folder that has them already, all of it is duplicates."""
    started = time.monotonic()
    emit.send(platform, _lines(decisions(chain, seed=SEED)), import_=True)
    past = history(chain, days=DAYS, until_ms=now_ms, seed=SEED, visits=VISITS)
    told = started

    def tell(totals: emit.Totals) -> None:
        nonlocal told
        if running.stopping:
            raise CommandFailed("stopped")
        if time.monotonic() - told > 5:
            told = time.monotonic()
            running.announce(f"demo: {totals.sent:,} events of the last {DAYS} days")

    totals = emit.send(platform, _lines(line for _, line in past), import_=True, progress=tell)
    platform.send(
        "GET",
        "/v1/kpis/ves",
        params={"from": "2024-01-01", "to": "2024-01-02", "min_position": totals.position},
    )
    spent = time.monotonic() - started
    again = f", {totals.duplicate:,} of them known already" if totals.duplicate else ""
    running.announce(
        f"demo: {len(chain)} sites, {totals.sent:,} events of {DAYS} days in {spent:.0f} s{again}; now live"
    )


def _introduce(running: Running, platform: Platform, from_: date, to: date) -> None:
    for line in where_to_look(running.url, running.tokens.read, from_, to):
        running.announce(line)
    sentence = first_true_sentence(platform, from_, to)
    if sentence:
        running.announce(sentence)


def _go_on(running: Running, platform: Platform, chain: list[SimulatedSite], from_ms: int) -> None:
    """Sends each event when its time has come, until the run ends."""
    due: list[str] = []
    for ms, line in upcoming(chain, from_ms=from_ms, seed=SEED, visits=VISITS):
        while ms > time.time_ns() // 1_000_000:
            if due:
                emit.send(platform, _lines(due))
                due = []
            if running.stopping:
                return
            running.pause(min(_LIVE_STEP_S, max(0.0, ms / 1000 - time.time())))
        due.append(line)


def _lines(texts: "Iterator[str] | list[str]") -> Iterator[Line]:
    return (Line(number, text.encode()) for number, text in zip(count(1), texts, strict=False))
