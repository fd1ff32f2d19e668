-- A promise with its stages and its ledger, as arrays on one row: a new version replaces all of it at once, so a line that no
-- longer holds cannot stay behind. alive = 0 is a promise nobody has spoken of (yet, or any more).
-- ORDER BY site first: reports read one site or all of them over a span of days; `placed` keeps the days of a site together.
CREATE TABLE IF NOT EXISTS $gen.promises
(
    site_id        LowCardinality(String),
    placed         DateTime('UTC'),
    promise_id     String,
    version        UInt64,
    alive          UInt8,
    visit_id       String,
    case_id        String,
    kind           LowCardinality(String),
    made_by        LowCardinality(String),
    channel        LowCardinality(String),
    business_date  Date,
    hour           DateTime('UTC'),
    state          LowCardinality(String),
    made_at        Nullable(DateTime64(3, 'UTC')),
    due_at         Nullable(DateTime64(3, 'UTC')),
    closed_at      Nullable(DateTime64(3, 'UTC')),
    revised_at     Nullable(DateTime64(3, 'UTC')),
    window_s       Nullable(Int64),
    budget_s       Nullable(Int64),
    elapsed_s      Nullable(Int64),
    slack_s        Nullable(Int64),
    late_s         Nullable(Int64),
    overrun_s      Nullable(Float64),
    credit_s       Nullable(Float64),
    absorbed_s     Nullable(Float64),
    over_promise_s Nullable(Int64),
    slack_rescue_s Nullable(Float64),
    stages Nested(
        stage      String,
        department LowCardinality(String),
        group_name String,
        budget_s   Int64,
        actual_s   Float64,
        overrun_s  Float64,
        credit_s   Float64,
        share      Float64,
        late_s     Float64,
        hidden_s   Float64,
        rescue_s   Float64),
    ledger Nested(
        department     LowCardinality(String),
        equivalents    Float64,
        late_s         Float64,
        hidden_s       Float64,
        rescue_s       Float64,
        over_promise_s Float64),
    INDEX by_day business_date TYPE minmax GRANULARITY 1
)
ENGINE = ${versioned}
PARTITION BY toYYYYMM(placed)
ORDER BY (site_id, placed, promise_id)
