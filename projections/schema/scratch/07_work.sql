-- All events of the subjects in `keys`, and of the causes that name their moments: what one derivation works on.
-- ("work", since "stage" is a word of the domain.)
CREATE TABLE IF NOT EXISTS $scratch.work
(
    hour DateTime('UTC'), site_id String, kind String, id String, source String, event_id String, type String, ms Int64,
    visit_id String, promise_id String, case_id String, moment_id String, code String, outcome String, actor String,
    channel String, department String, stage String, group_name String, seconds Nullable(Int64), from_ms Int64, to_ms Int64,
    amount Float64, currency String,
    stages_stage Array(String), stages_department Array(String), stages_group Array(String), stages_budget Array(Int64),
    split_department Array(String), split_share Array(Float64)
) ENGINE = Memory
