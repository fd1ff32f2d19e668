-- Minutes late of fulfilled promises; a broken promise has no seconds.
-- part: whole
SELECT
    site_id, business_date, hour, dated_at, channel, '' AS department,
    assumeNotNull(late_s) / 60 AS numerator, toFloat64(1) AS denominator,
    toFloat64(1) AS n, pow(assumeNotNull(late_s) / 60, 2) AS squares
FROM moments.promises
WHERE state IN ('kept', 'late')
-- part: departments
SELECT
    site_id, business_date, hour, dated_at, channel, department,
    late_s / 60 AS numerator, toFloat64(1) AS denominator,
    toFloat64(1) AS n, pow(late_s / 60, 2) AS squares
FROM moments.promise_ledger
WHERE state IN ('kept', 'late')
