-- A visit with its moments and its two ledgers (debit and credit per department and evidence), as arrays on one row.
-- dated_at is the instant that dates it (R15); started_at is null where nobody told of a start. ORDER BY as `promises`.
CREATE TABLE IF NOT EXISTS $gen.visits
(
    site_id       LowCardinality(String),
    placed        DateTime('UTC'),
    visit_id      String,
    version       UInt64,
    alive         UInt8,
    channel       LowCardinality(String),
    business_date Date,
    hour          DateTime('UTC'),
    dated_at      DateTime64(3, 'UTC'),
    started_at    Nullable(DateTime64(3, 'UTC')),
    ended_at      Nullable(DateTime64(3, 'UTC')),
    last_at       DateTime64(3, 'UTC'),
    ves           Nullable(Float64),
    last_score    Nullable(Float64),
    wow           UInt8,
    spoil_n       UInt8,
    spoilt        UInt8,
    save_n        UInt8,
    saved         UInt8,
    above         UInt32,
    debit         Float64,
    credit        Float64,
    moments Nested(
        moment     LowCardinality(String),
        moment_id  String,
        promise_id String,
        at_ms      Int64,
        outcome    LowCardinality(String),
        score      UInt8,
        weight     Float64,
        position   UInt32,
        derived    UInt8,
        basis      LowCardinality(String),
        made_by    LowCardinality(String)),
    ledger Nested(
        department LowCardinality(String),
        basis      LowCardinality(String),
        debit      Float64,
        credit     Float64),
    INDEX by_day business_date TYPE minmax GRANULARITY 1
)
ENGINE = ${versioned}
PARTITION BY toYYYYMM(placed)
ORDER BY (site_id, placed, visit_id)
