-- The lines of a fulfilled promise: its stages, and the rows `unmeasured`, `over_promise` and `blocked:<stage>`. Seconds.
CREATE OR REPLACE VIEW $public.stages AS
SELECT
    site_id, promise_id, kind, channel, business_date, hour, ifNull(made_at, toDateTime64(0, 3, 'UTC')) AS dated_at, state, ordinal,
    stages.stage AS stage, stages.department AS department, stages.group_name AS group_name, stages.budget_s AS budget_s, stages.actual_s AS actual_s, stages.overrun_s AS overrun_s,
    stages.credit_s AS credit_s, stages.share AS share, stages.late_s AS late_s, stages.hidden_s AS hidden_s, stages.rescue_s AS rescue_s
FROM $gen.promises FINAL
ARRAY JOIN stages.stage, stages.department, stages.group_name, stages.budget_s, stages.actual_s, stages.overrun_s, stages.credit_s, stages.share,
    stages.late_s, stages.hidden_s, stages.rescue_s, arrayEnumerate(stages.stage) AS ordinal
WHERE alive = 1
