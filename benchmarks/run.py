"""make bench: measures design's numbers on a platform that already holds `--stored` events, and writes
docs/benchmarks.md."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks import load
from benchmarks.page import Figure, page
from benchmarks.platform import KEY, Measured

ROOT = Path(__file__).parent.parent
EVENTS_A_VISIT = 11
SITES = 100


def main() -> None:
    """Measures and writes the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument(
        "--stored", type=int, default=1_000_000, help="events stored before anything is measured"
    )
    parser.add_argument("--measured", type=int, default=200_000, help="events of each measured load")
    parser.add_argument("--connections", type=int, default=4, help="connections that send at once")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks.md")
    chosen = parser.parse_args()
    load_before = os.getloadavg()[0]
    # Ended from outside, the run still stops its platform and removes its folder.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="moments-bench-", dir=os.environ.get("MOMENTS_BENCH_FOLDER")))
    try:
        figures = measure(folder, chosen.stored, chosen.measured, chosen.connections)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    chosen.out.write_text(
        page(figures, stored=chosen.stored, measured=chosen.measured, load_before=load_before)
    )
    say(f"written to {chosen.out}")


def measure(folder: Path, stored: int, measured: int, connections: int) -> list[Figure]:
    """Every figure, in the order of the page."""
    sqlite = limit("sqlite", folder)
    clickhouse = limit("clickhouse", folder)
    say(f"limits: SQLite {sqlite:,.0f} rows/s, ClickHouse {clickhouse:,.0f} rows/s")
    figures = Figures()
    days = max(1, round(stored / (SITES * load.VISITS * EVENTS_A_VISIT)))
    with Measured(folder / "data") as platform:
        fill(platform, days, stored, connections)
        after = load.UNTIL_MS
        figures.rate(
            "door → log, batches of 500 over HTTP", *door_alone(platform, after, measured, connections),
            floor=40_000, aim=80_000, limit=sqlite, of="plain SQLite commit",
        )  # fmt: skip
        after += 30 * load.DAY_MS
        body = first(
            load.back_fill(SITES, 1 + measured // (SITES * load.VISITS * EVENTS_A_VISIT), after), measured
        )
        figures.rate(
            "door → queryable cells, back-fill", *to_cells(platform, body, connections),
            floor=30_000, aim=60_000, limit=clickhouse, of="plain ClickHouse insert",
        )  # fmt: skip
        after += 30 * load.DAY_MS
        interleaved = load.live(SITES, measured, after)
        figures.rate(
            "door → queryable cells, live", *to_cells(platform, interleaved, connections),
            floor=12_000, aim=25_000, limit=clickhouse, of="plain ClickHouse insert",
        )  # fmt: skip
        after += 30 * load.DAY_MS
        latencies(figures, platform, after)
        queries(figures, platform)
        seconds = platform.verb("rebuild")
        total = int(platform.ask("/v1/departments")["position"].split("-")[1])
        figures.rate(
            "rebuild",
            total,
            seconds,
            floor=60_000,
            aim=150_000,
            limit=clickhouse,
            of="plain ClickHouse insert",
        )
        memory = platform.memory_mib()
        figures.size("memory, both processes, highest", sum(memory.values()), memory, floor=2048, aim=1024)
        disk = platform.disk_mib()
        figures.size("on disk", sum(disk.values()), disk)
    with Measured(folder / "data") as again:
        figures.time("cold start to first answer", [again.cold_start_s], 0.5, floor=3.0, aim=1.5)
    return figures.all


def fill(platform: Measured, days: int, stored: int, connections: int) -> None:
    """The stored volume, through the same door."""
    load.send(platform.url, KEY, [load.registrations(SITES)], 1)
    sent = load.send(platform.url, KEY, first(load.back_fill(SITES, days), stored), connections)
    say(f"stored {sent.events:,} events in {sent.seconds:.0f} s")
    platform.wait_for(sent.position)
    say("derived")


def door_alone(platform: Measured, until_ms: int, measured: int, connections: int) -> tuple[int, float]:
    """The door's own rate: the core stands still meanwhile, as it would on another machine."""
    bodies = first(load.back_fill(SITES, 2, until_ms + 30 * load.DAY_MS), measured)
    with platform.core_standing():
        sent = load.send(platform.url, KEY, bodies, connections)
    platform.wait_for(sent.position)
    return sent.events, sent.seconds


def to_cells(platform: Measured, bodies: list[bytes], connections: int) -> tuple[int, float]:
    """From the first request to the last event being in the cells."""
    started = time.perf_counter()
    sent = load.send(platform.url, KEY, bodies, connections)
    platform.wait_for(sent.position)
    return sent.events, time.perf_counter() - started


def latencies(figures: "Figures", platform: Measured, until_ms: int) -> None:
    """Answer → queryable at 1,000 events/s: 100 events ten times a second, for ten seconds."""
    lines = b"".join(load.live(SITES, 20_000, until_ms)).splitlines(keepends=True)
    waits = []
    for turn in range(100):
        begin = time.perf_counter()
        body = b"".join(lines[turn * 100 : turn * 100 + 100])
        position = load.send(platform.url, KEY, [body], 1).position
        answered = time.perf_counter()
        platform.ask("/v1/departments", min_position=position)
        waits.append(time.perf_counter() - answered)
        time.sleep(max(0.0, 0.1 - (time.perf_counter() - begin)))
    figures.time("answer → queryable, 1,000 events/s", waits, 0.99, floor=1.0, aim=0.3)


def queries(figures: "Figures", platform: Measured) -> None:
    """Reads over the public address, on everything stored."""
    until = datetime.fromtimestamp(load.UNTIL_MS / 1000, UTC).date()
    month = {"from": str(until - timedelta(days=30)), "to": str(until)}
    year = {"from": str(until - timedelta(days=365)), "to": str(until)}
    one = platform.seconds_of("/v1/kpis/on_time", 100, grain="day", site="msk-01", **month)
    figures.time("KPI of one site, a month by day", one, 0.95, floor=0.05, aim=0.015)
    many = platform.seconds_of("/v1/kpis/on_time", 20, grain="week", group_by="site", **year)
    figures.time(f"KPI of {SITES} sites, 12 months by week", many, 0.95, floor=0.5, aim=0.15)
    shares = {"measure": "late_minutes", "by": "department", "region": "west", **month}
    figures.time(
        "department shares of a region, a month", platform.seconds_of("/v1/shares", 50, **shares), 0.95
    )
    for what, path, kind in (("promise", "/v1/promises", "promise_id"), ("visit", "/v1/visits", "visit_id")):
        rows = platform.ask(path, limit=50, site="msk-01", **month)["rows"]
        taken = [platform.seconds_of(f"{path}/{row[kind]}", 1, site="msk-01")[0] for row in rows]
        figures.time(f"one {what} explained", taken, 0.95, floor=0.05, aim=0.015)


class Figures:
    """Collects figures as they are measured, and says each at once."""

    def __init__(self) -> None:
        self.all: list[Figure] = []

    def rate(
        self, what: str, events: int, seconds: float, *, floor: float, aim: float, limit: float, of: str
    ) -> None:
        rate = events / seconds
        detail = f"{rate / limit:.0%} of {of}, {limit:,.0f} rows/s"
        self._add(
            Figure(what, f"{rate:,.0f} events/s", f"{floor:,.0f}", f"{aim:,.0f}", rate >= floor, detail)
        )

    def time(
        self,
        what: str,
        seconds: list[float],
        share: float,
        *,
        floor: float | None = None,
        aim: float | None = None,
    ) -> None:
        value = load.percentile(seconds, share)
        name = f"p{share * 100:.0f} " if len(seconds) > 1 else ""
        detail = f"median {load.percentile(seconds, 0.5) * 1000:,.0f} ms of {len(seconds)}" if name else ""
        self._add(
            Figure(
                what,
                f"{name}{value * 1000:,.0f} ms",
                f"{floor * 1000:,.0f} ms" if floor else "",
                f"{aim * 1000:,.0f} ms" if aim else "",
                floor is None or value <= floor,
                detail,
            )
        )

    def size(
        self,
        what: str,
        mib: float,
        parts: dict[str, float],
        *,
        floor: float | None = None,
        aim: float | None = None,
    ) -> None:
        detail = ", ".join(f"{name} {size:,.0f}" for name, size in sorted(parts.items()))
        self._add(
            Figure(
                what,
                f"{mib:,.0f} MiB",
                f"{floor:,.0f} MiB" if floor else "",
                f"{aim:,.0f} MiB" if aim else "",
                floor is None or mib <= floor,
                detail,
            )
        )

    def _add(self, figure: Figure) -> None:
        self.all.append(figure)
        say(f"{figure.what}: {figure.value}  {figure.detail}")


def first(bodies: Iterable[bytes], events: int) -> list[bytes]:
    """As many bodies as make that many events."""
    taken = []
    for body in bodies:
        taken.append(body)
        if len(taken) * load.BATCH >= events:
            break
    return taken


def limit(name: str, folder: Path) -> float:
    """A physical limit, measured in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.limits", name, str(folder)],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    return float(done.stdout.split()[-1])


def say(line: str) -> None:
    """A line of what is going on."""
    print(line, flush=True)


if __name__ == "__main__":
    main()
