"""What the relay counts (Prometheus)."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

sent = Counter("moments_relay_sent_total", "Messages handed to the producer.", ["topic"])
lag = Gauge("moments_relay_lag_rows", "Rows of the log the broker has not acknowledged.")
place = Gauge("moments_relay_place_row", "The last row acknowledged with all before it.")
outstanding = Gauge("moments_relay_outstanding", "Messages sent and not yet acknowledged.")
outstanding_bytes = Gauge("moments_relay_outstanding_bytes", "Their values and headers.")
waiting_seconds = Gauge("moments_relay_waiting_seconds", "How long the oldest of them waits for the broker.")
starts = Counter("moments_relay_sessions_total", "Times the relay took up its place with a new producer.")
failing = Gauge("moments_relay_failing", "1 while the relay cannot send.")
heartbeats = Counter("moments_relay_heartbeats_total", "Heartbeats sent.")
