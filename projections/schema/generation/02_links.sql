-- Which subjects know each other (a promise its visit, a case its visit, an outcome its case …), both ways round.
-- Rows are only added: a superset of the links that hold costs time, never a wrong figure.
-- ORDER BY placement hour first: a batch's neighbours lie together, and the cost does not grow with the table.
CREATE TABLE IF NOT EXISTS $gen.links
(
    hour    DateTime('UTC'),
    site_id LowCardinality(String),
    kind    LowCardinality(String),
    id      String,
    to_kind LowCardinality(String),
    to_id   String,
    to_hour DateTime('UTC')
)
ENGINE = ${replacing}
PARTITION BY toYYYYMM(hour)
ORDER BY (hour, site_id, kind, id, to_kind, to_id)
SETTINGS index_granularity = 1024
