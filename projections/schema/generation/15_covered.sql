-- Per feed partition and log: up to which row of the log the partition's events are derived (server mode: partitions are Kafka's,
-- positions are offsets, and a producer's position is a row of the log). Written after the facts, so it is never ahead of them.
CREATE TABLE IF NOT EXISTS $gen.covered
(
    feed    LowCardinality(String),
    part    UInt32,
    log_no  UInt32,
    upto    UInt64,
    version UInt64
)
ENGINE = ${versioned}
ORDER BY (feed, part, log_no)
