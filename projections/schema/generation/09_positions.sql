-- How far each feed partition is derived, and by which clock. Written last of all steps of a flush: a crash before it means that
-- the same events are read and derived again, to the same rows.
CREATE TABLE IF NOT EXISTS $gen.positions
(
    feed     String,
    part     UInt32,
    position UInt64,
    as_of    DateTime64(3, 'UTC'),
    version  UInt64
)
ENGINE = ${versioned}
ORDER BY (feed, part)
