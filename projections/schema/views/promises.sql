-- A promise: state, times (`dated_at` dates it: when it was made), and the sums of its ledger. Seconds; null where nothing is known yet.
CREATE OR REPLACE VIEW $public.promises AS
SELECT
    site_id, promise_id, visit_id, case_id, kind, made_by, channel, business_date, hour,
    ifNull(made_at, toDateTime64(0, 3, 'UTC')) AS dated_at, state, made_at, due_at, closed_at, revised_at, window_s, budget_s, elapsed_s, slack_s, late_s, overrun_s, credit_s, absorbed_s, over_promise_s, slack_rescue_s
FROM $gen.promises FINAL
WHERE alive = 1
