-- Stages of promises that declare none, by kind and the business day they were made; scope as in `weights`.
CREATE TABLE IF NOT EXISTS $scratch.budgets
(scope String, code String, from_day Int32, stage Array(String), department Array(String), group_name Array(String), budget Array(Int64)) ENGINE = Memory
