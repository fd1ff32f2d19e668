"""What a projector counts (Prometheus)."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

events = Counter("moments_project_events_total", "Events derived.")
flushes = Counter("moments_project_flushes_total", "Flushes done.")
poison = Counter("moments_project_poison_total", "Messages that were no events.")
flush_seconds = Gauge("moments_project_last_flush_seconds", "How long the last flush took.")
lag = Gauge("moments_project_lag_messages", "Messages of the partitions owned that are not derived yet.")
partitions = Gauge("moments_project_partitions", "Partitions owned.")
as_of = Gauge("moments_project_as_of_seconds", "The clock of the last derivation, Unix time.")
complete_until = Gauge(
    "moments_project_complete_until_seconds",
    "The watermark: up to when all sources have reported, Unix time; told by the owner of partition 0.",
)
failing = Gauge("moments_project_failing", "1 while the projector cannot go on.")
