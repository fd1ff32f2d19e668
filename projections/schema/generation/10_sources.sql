-- Completeness per source: its last event at each site, and the intervals of its `sequence` numbers (lo, hi, time of hi).
-- Merged, never counted: a replay changes nothing.
CREATE TABLE IF NOT EXISTS $gen.sources
(
    source  String,
    version UInt64,
    sites   Array(String),
    last_ms Array(Int64),
    lo      Array(Int64),
    hi      Array(Int64),
    hi_ms   Array(Int64)
)
ENGINE = ${versioned}
ORDER BY source
