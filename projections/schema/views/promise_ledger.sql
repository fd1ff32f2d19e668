-- What each department owns of each promise: promise-equivalents, late, hidden and rescued seconds, seconds promised over plan.
CREATE OR REPLACE VIEW $public.promise_ledger AS
SELECT
    site_id, promise_id, kind, channel, business_date, hour, ifNull(made_at, toDateTime64(0, 3, 'UTC')) AS dated_at, state,
    ledger.department AS department, ledger.equivalents AS equivalents, ledger.late_s AS late_s, ledger.hidden_s AS hidden_s, ledger.rescue_s AS rescue_s, ledger.over_promise_s AS over_promise_s
FROM $gen.promises FINAL
ARRAY JOIN ledger.department, ledger.equivalents, ledger.late_s, ledger.hidden_s, ledger.rescue_s, ledger.over_promise_s
WHERE alive = 1
