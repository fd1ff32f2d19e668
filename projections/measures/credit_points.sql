-- Points over the standard, summed over visits. By department a visit counts once, whatever the evidence it stands on.
-- part: whole
SELECT
    site_id, business_date, hour, dated_at, channel, '' AS department,
    credit AS numerator, toFloat64(1) AS denominator,
    toFloat64(1) AS n, credit * credit AS squares
FROM moments.visits
WHERE moments > 0
-- part: departments
SELECT
    site_id, business_date, hour, dated_at, channel, department,
    sum(credit) AS numerator, toFloat64(1) AS denominator,
    toFloat64(1) AS n, pow(sum(credit), 2) AS squares
FROM moments.visit_ledger
WHERE credit > 0
GROUP BY site_id, business_date, hour, dated_at, channel, visit_id, department
