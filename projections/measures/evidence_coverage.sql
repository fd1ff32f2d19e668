-- Debit points that rest on a stage's overrun or a root cause; what is `unmeasured` is no evidence.
-- part: whole
SELECT
    site_id, business_date, hour, dated_at, channel, '' AS department,
    sumIf(debit, basis IN ('stage_overrun', 'root_cause') AND ledger.department != 'unmeasured') AS numerator,
    sum(debit) AS denominator,
    toFloat64(1) AS n,
    pow(sumIf(debit, basis IN ('stage_overrun', 'root_cause') AND ledger.department != 'unmeasured'), 2) AS squares
FROM moments.visit_ledger AS ledger
WHERE debit > 0
GROUP BY site_id, business_date, hour, dated_at, channel, visit_id
-- part: departments
SELECT
    site_id, business_date, hour, dated_at, channel, department,
    sumIf(debit, basis IN ('stage_overrun', 'root_cause') AND ledger.department != 'unmeasured') AS numerator,
    sum(debit) AS denominator,
    toFloat64(1) AS n,
    pow(sumIf(debit, basis IN ('stage_overrun', 'root_cause') AND ledger.department != 'unmeasured'), 2) AS squares
FROM moments.visit_ledger AS ledger
WHERE debit > 0
GROUP BY site_id, business_date, hour, dated_at, channel, visit_id, department
