-- Promises missed: each late or broken one counts 1, shared out among departments.
-- part: whole
SELECT
    site_id, business_date, hour, dated_at, channel, '' AS department,
    CAST(state != 'kept', 'Float64') AS numerator, toFloat64(1) AS denominator,
    toFloat64(1) AS n, CAST(state != 'kept', 'Float64') AS squares
FROM moments.promises
WHERE state IN ('kept', 'late', 'broken')
-- part: departments
SELECT
    site_id, business_date, hour, dated_at, channel, department,
    equivalents AS numerator, toFloat64(1) AS denominator,
    toFloat64(1) AS n, equivalents * equivalents AS squares
FROM moments.promise_ledger
WHERE state IN ('kept', 'late', 'broken')
