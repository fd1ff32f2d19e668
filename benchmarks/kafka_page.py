"""docs/benchmarks-kafka.md: relay and projector, each beside what the client does alone."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from benchmarks.page import _machine, _shared_with_others


class Measured(NamedTuple):
    """What was measured, on which shape: events a second, microseconds of CPU an event."""

    what: str
    shape: str
    rate: float
    cpu_us: float


def page(measured: Sequence[Measured], *, events: int, load_before: float) -> str:
    """The whole page; ours stands after what it is read beside."""
    rows = []
    beside: Measured | None = None
    for figure in measured:
        bare = figure.what.startswith("bare")
        share = "" if bare or beside is None else f"{figure.rate / beside.rate:.0%} of the client alone"
        cells = (figure.what, figure.shape, f"{figure.rate:,.0f} events/s", f"{figure.cpu_us:,.0f} µs", share)
        rows.append(f"| {' | '.join(cells)} |")
        beside = figure if bare else beside
    return "\n".join(
        [
            "# Benchmarks of the server mode",
            "",
            f"Written by `make bench-kafka` on {datetime.now(UTC):%Y-%m-%d}: {_machine()}.",
            "One Apache Kafka 4.1.0 on the same machine, four partitions. Producer and relay: idempotent,",
            "acks=all, zstd; consumer and projector: read_committed. Each row is the best of two turns that",
            "were taken alternately.",
            *_shared_with_others(load_before),
            "",
            f"Each shape: {events:,} events of 100 sites. Back-fill: a visit's events together; live: in",
            "order of time, thousands of open visits interleaved.",
            "",
            "| what | shape | measured | CPU an event | beside it |",
            "|---|---|---|---|---|",
            *rows,
            "",
            "CPU is that of the measuring process, all its threads; the broker's is not in it. The relay",
            "reads the log, stamps each message with its place and follows every acknowledgement; the bare",
            "producer has the messages in memory. The projector's process holds ClickHouse (chDB), which",
            "derives every fact; the bare consumer throws away what it reads.",
            "",
        ]
    )
