"""docs/benchmarks.md: each figure beside what was aimed for and what the machine can do at all."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple


class Figure(NamedTuple):
    """One measured number as text; `holds` when the floor is met, or when there is none."""

    what: str
    value: str
    floor: str
    aim: str
    holds: bool
    detail: str


def page(figures: Sequence[Figure], *, stored: int, measured: int, load_before: float) -> str:
    """The whole page."""
    missed = [figure.what for figure in figures if not figure.holds]
    verdict = f"Below the floor: {', '.join(missed)}." if missed else "Every floor is met."
    rows = [
        f"| {figure.what} | {'' if figure.holds else '**'}{figure.value}{'' if figure.holds else '**'}"
        f" | {figure.floor} | {figure.aim} | {figure.detail} |"
        for figure in figures
    ]
    return "\n".join(
        [
            "# Benchmarks",
            "",
            f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}: {_machine()}.",
            "Every guarantee is on: answers wait for fsync, identities are checked, persons go by the vault.",
            "Senders, door and core share the machine.",
            *_shared_with_others(load_before),
            "",
            f"Stored before anything was measured: {stored:,} events, 300 visits a site and day;",
            f"each load: {measured:,} events. {verdict} A figure below its floor is bold.",
            "",
            "| what | measured | at least | aim | beside it |",
            "|---|---|---|---|---|",
            *rows,
            "",
            *PROFILE,
        ]
    )


PROFILE = """## Where the time goes

Profiled apart (cProfile, thread clocks and the projector's own step timers), in CPU time of one core:

- **Door:** about 14 µs an event to split, read, judge and store (of that 6 reading, 5 judging), 2 µs of
  HTTP; one Python process decodes, so one core is its limit. The log itself takes 70,000 to 120,000 events
  a second.
- **Projector, Python:** 8 µs an event to read and decode it, find its subjects and lay out its row; 2
  to 3 µs to make it Arrow. All of that by the reading thread, while another batch is in ClickHouse.
- **Projector, ClickHouse:** 4 to 6 µs an event to insert it, a third of that in the kernel for fresh
  pages; about 4 µs for merges; 8 µs to derive facts in batches of 50,000, 13 in batches of 20,000; 8 µs
  to find, stage and write them; and about 0.3 s a flush, whatever its size, to plan some thirty queries
  with joins and windows. That cost is what small batches (latency) and interleaved visits (live) pay.
- **Together** some 38 µs of CPU for each event from the log to facts, and 16 to 20 µs from the sender
  to the log: two cores cannot do more than about 35,000 events a second with all guarantees on, however
  they are scheduled.
- **Rebuild** is the projector alone, and 38 µs of CPU an event bound it at about 50,000 events a second
  on two cores; what is left is the comparison with the live tables (4 µs an event), the start, and the
  API's own work.
- **Cold start:** three interpreters import FastAPI, pyarrow and chDB (about 0.8 s of CPU each) on two
  cores.
""".splitlines()
"""Why a figure is what it is; measured when the projector was tuned, not in the run of the page."""


def _shared_with_others(load_before: float) -> list[str]:
    """A warning when the machine was busy in the minute before: the figures may be lower than its own."""
    if load_before < 0.5:
        return []
    return [
        "",
        f"**The machine was not idle just before:** its load average was {load_before:.1f}. If its cause",
        "went on, every figure here, limits included, is lower than on a machine of one's own.",
    ]


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    name = next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown processor"
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    return f"{os.cpu_count()} cores ({name}), {memory} GiB"
