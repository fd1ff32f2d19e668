-- When an open promise breaks by the clock alone: the sweep reads the span between two derivations' clocks. A row that no longer
-- holds only makes the sweep look at a promise that has nothing to change.
CREATE TABLE IF NOT EXISTS $gen.open_until
(
    broken_at  DateTime64(3, 'UTC'),
    site_id    LowCardinality(String),
    placed     DateTime('UTC'),
    promise_id String
)
ENGINE = ${replacing}
ORDER BY (broken_at, site_id, placed, promise_id)
