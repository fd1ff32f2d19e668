-- Position multipliers of a visit's first and last moment from a business day on; scope as in `weights`.
CREATE TABLE IF NOT EXISTS $scratch.multipliers
(scope String, code String, from_day Int32, first Float64, last Float64) ENGINE = Memory
