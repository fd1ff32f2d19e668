-- Minutes of overrun that others or slack absorbed: the near misses (sum of hidden = absorbed).
-- part: whole
SELECT
    site_id, business_date, hour, dated_at, channel, '' AS department,
    assumeNotNull(absorbed_s) / 60 AS numerator, toFloat64(1) AS denominator,
    toFloat64(1) AS n, pow(assumeNotNull(absorbed_s) / 60, 2) AS squares
FROM moments.promises
WHERE state IN ('kept', 'late')
-- part: departments
SELECT
    site_id, business_date, hour, dated_at, channel, department,
    hidden_s / 60 AS numerator, toFloat64(1) AS denominator,
    toFloat64(1) AS n, pow(hidden_s / 60, 2) AS squares
FROM moments.promise_ledger
WHERE state IN ('kept', 'late')
