-- Where a subject's rows are placed: the hour that its id does not tell by itself (ids that are UUIDv7 or ULID need no row).
-- Written before `links` and `events`: a replay after a crash finds the same hour, so the same event meets its own duplicate.
-- ORDER BY: looked up by identity only, a few thousand scattered keys a batch; small granules keep such a look-up cheap.
CREATE TABLE IF NOT EXISTS $gen.subjects
(
    site_id LowCardinality(String),
    kind    LowCardinality(String),
    id      String,
    hour    DateTime('UTC')
)
ENGINE = ${replacing}
ORDER BY (site_id, kind, id)
SETTINGS index_granularity = 512
