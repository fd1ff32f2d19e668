-- One row per event of the log, as accepted.
CREATE OR REPLACE VIEW $public.events AS
SELECT
    site_id, source, event_id, type, version, fromUnixTimestamp64Milli(ms, 'UTC') AS time, fromUnixTimestamp64Milli(received_ms, 'UTC') AS received_at,
    log_no, position, kind AS subject_kind, id AS subject_id, sequence, visit_id, promise_id, case_id, moment_id, code, outcome, channel, department,
    stage, data, extensions
FROM $gen.events FINAL
WHERE main = 1
