-- Default split of a moment type from a business day on; scope as in `weights`.
CREATE TABLE IF NOT EXISTS $scratch.splits
(scope String, code String, from_day Int32, department Array(String), share Array(Float64)) ENGINE = Memory
