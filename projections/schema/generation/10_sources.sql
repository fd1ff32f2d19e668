-- Completeness per source: its last event at each site, and the intervals of its `sequence` numbers (lo, hi, time of hi).
-- Merged, never counted: a replay changes nothing. One row a feed partition, since each has a writer of its own.
CREATE TABLE IF NOT EXISTS $gen.sources
(
    part    UInt32,
    source  String,
    version UInt64,
    sites   Array(String),
    last_ms Array(Int64),
    lo      Array(Int64),
    hi      Array(Int64),
    hi_ms   Array(Int64)
)
ENGINE = ${versioned}
ORDER BY (part, source)
