"""What the way in counts (Prometheus; the door process serves /metrics)."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

accepted = Counter("moments_door_accepted_total", "Events taken into the log.")
duplicates = Counter("moments_door_duplicates_total", "Events whose identity the log already held.")
conflicts = Counter(
    "moments_door_conflicts_total", "Duplicates that said something else than the kept event."
)
rejected = Counter("moments_door_rejected_total", "Events refused, by the code of the fault.", ["code"])
requests = Counter("moments_door_requests_total", "Requests to the door by status.", ["status"])
request_seconds = Histogram(
    "moments_door_request_seconds",
    "From the last byte of a request to its answer.",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
append_seconds = Histogram(
    "moments_log_append_seconds",
    "One group: look-up, sealing, insert, fsync.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5),
)
group_size = Histogram(
    "moments_log_group_events",
    "Events committed together.",
    buckets=(1, 10, 50, 100, 250, 500, 1000, 2500, 5000, 10000),
)
append_failures = Counter("moments_log_append_failures_total", "Groups the log could not store.")
queued = Gauge("moments_log_queued_events", "Events waiting for their commit.")
disk_free = Gauge("moments_log_disk_free_bytes", "Free bytes on the log's disk when last looked at.")
letters_kept = Counter("moments_dead_letters_kept_total", "Refused events kept, by code.", ["code"])
letters_taken = Counter(
    "moments_dead_letters_taken_total", "Dead letters that a later try took into the log."
)
letters_expired = Counter(
    "moments_dead_letters_expired_total", "Dead letters deleted at the end of their time."
)
letters_waiting = Gauge("moments_dead_letters_waiting", "Dead letters that wait for a registration.")
persons_forgotten = Counter("moments_vault_forgotten_total", "Persons whose row in the vault was destroyed.")
