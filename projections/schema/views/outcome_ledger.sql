-- Who owns each outcome, by the visit's debit; `unexplained` without a visit or a debit. It allocates evidence; it does not prove cause.
CREATE OR REPLACE VIEW $public.outcome_ledger AS
SELECT
    site_id, source, event_id, outcome, currency, channel, business_date, hour, at AS dated_at, ledger.department AS department, ledger.quantity AS quantity
FROM $gen.outcomes FINAL
ARRAY JOIN ledger.department, ledger.quantity
WHERE alive = 1
