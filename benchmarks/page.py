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
        ]
    )


def _shared_with_others(load_before: float) -> list[str]:
    """A warning when the machine was busy before the run began: the figures are then lower than its own."""
    if load_before < 0.5:
        return []
    return [
        "",
        f"**Others were using this machine:** its load average was {load_before:.1f} before the run, so that",
        "every figure here, limits included, is lower than on a machine of one's own.",
    ]


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    name = next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown processor"
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    return f"{os.cpu_count()} cores ({name}), {memory} GiB"
