-- Which generations there are and which is live.
CREATE TABLE IF NOT EXISTS $meta.generations
(
    number  UInt32,
    state   String,
    shape   String,
    version UInt64
)
ENGINE = ${versioned}
ORDER BY number
