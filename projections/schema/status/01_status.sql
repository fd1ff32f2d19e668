-- How the line itself is doing, sampled by the core: one row a figure (lag_events, behind_s, dead_letters, waiting_letters, poison,
-- queued_rederivations, waiting_promises); site_id '' for the whole platform. Not derived from the log, so no generation holds it.
-- ORDER BY name first: boards and alerts read one figure over a span of time. Kept 35 days, the age that events may have.
CREATE TABLE IF NOT EXISTS $public.status
(
    at      DateTime64(3, 'UTC'),
    site_id LowCardinality(String),
    name    LowCardinality(String),
    value   Float64
)
ENGINE = ${merge_tree}
ORDER BY (name, site_id, at)
TTL toDateTime(at) + INTERVAL 35 DAY
