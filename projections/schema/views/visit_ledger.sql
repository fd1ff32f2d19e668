-- Debit and credit points per department and evidence of each visit: two ledgers, never netted.
CREATE OR REPLACE VIEW $public.visit_ledger AS
SELECT
    site_id, visit_id, channel, business_date, hour, dated_at, ledger.department AS department, ledger.basis AS basis, ledger.debit AS debit,
    ledger.credit AS credit
FROM $gen.visits FINAL
ARRAY JOIN ledger.department, ledger.basis, ledger.debit, ledger.credit
WHERE alive = 1
