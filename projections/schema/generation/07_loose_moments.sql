-- Moments that belong to no visit: they count in above_standard only. ORDER BY as `outcomes`.
CREATE TABLE IF NOT EXISTS $gen.loose_moments
(
    site_id       LowCardinality(String),
    placed        DateTime('UTC'),
    event_id      String,
    source        LowCardinality(String),
    version       UInt64,
    alive         UInt8,
    moment        LowCardinality(String),
    outcome       LowCardinality(String),
    score         UInt8,
    at            DateTime64(3, 'UTC'),
    channel       LowCardinality(String),
    business_date Date,
    hour          DateTime('UTC'),
    INDEX by_day business_date TYPE minmax GRANULARITY 1
)
ENGINE = ${versioned}
PARTITION BY toYYYYMM(placed)
ORDER BY (site_id, placed, event_id, source)
