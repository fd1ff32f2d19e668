-- Decisions that reach back: (site or '' for all, from day) whose facts must be derived again. Done in slices; `done` closes one.
-- `part`: the feed partition whose owner does it for the sites on it (0: one projector owns the feed whole).
CREATE TABLE IF NOT EXISTS $gen.rederivations
(
    decided_at DateTime64(3, 'UTC'),
    id         String,
    site_id    String,
    from_day   Int32,
    cursor     String,
    done       UInt8,
    version    UInt64,
    part       UInt32
)
ENGINE = ${versioned}
ORDER BY (part, id)
