-- Weight of a moment type from a business day on. Scope '' is the chain's; a site with decisions of its own has the whole
-- course of what holds for it (merged), so that one look-up by (scope, code, day) answers.
CREATE TABLE IF NOT EXISTS $scratch.weights
(scope String, code String, from_day Int32, weight Float64) ENGINE = Memory
