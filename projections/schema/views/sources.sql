-- Per site and source: its last event, and up to when it is complete (the last event before its first gap in `sequence`).
CREATE OR REPLACE VIEW $public.sources AS
SELECT
    site_id, source, fromUnixTimestamp64Milli(at_ms, 'UTC') AS last_at,
    length(lo) > 1 AS gap, fromUnixTimestamp64Milli(if(length(lo) > 1, least(hi_ms[1], arrayMax(last_ms)), arrayMax(last_ms)), 'UTC') AS complete_until
FROM $gen.sources FINAL
ARRAY JOIN sites AS site_id, last_ms AS at_ms
