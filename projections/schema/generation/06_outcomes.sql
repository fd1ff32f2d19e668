-- What a customer said or was paid afterwards, one row per event, with who owns it by the visit's debit.
-- ORDER BY as `promises`; the event's own hour and identity never change.
CREATE TABLE IF NOT EXISTS $gen.outcomes
(
    site_id       LowCardinality(String),
    placed        DateTime('UTC'),
    event_id      String,
    source        LowCardinality(String),
    version       UInt64,
    alive         UInt8,
    kind          LowCardinality(String),
    outcome       LowCardinality(String),
    code          LowCardinality(String),
    score         Nullable(Float64),
    amount        Nullable(Float64),
    currency      LowCardinality(String),
    at            DateTime64(3, 'UTC'),
    channel       LowCardinality(String),
    business_date Date,
    hour          DateTime('UTC'),
    visit_id      String,
    case_id       String,
    ledger Nested(
        department LowCardinality(String),
        quantity   Float64),
    INDEX by_day business_date TYPE minmax GRANULARITY 1
)
ENGINE = ${versioned}
PARTITION BY toYYYYMM(placed)
ORDER BY (site_id, placed, event_id, source)
