-- Rows of a feed that could not be read as events, with the reason: shown in the status, read again by a rebuild after a fix.
CREATE TABLE IF NOT EXISTS $gen.poison
(
    log_no   UInt32,
    position UInt64,
    source   String,
    event_id String,
    reason   String,
    raw      String CODEC(ZSTD)
)
ENGINE = ${replacing}
ORDER BY (log_no, position)
