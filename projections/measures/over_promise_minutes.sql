-- Minutes promised below the plan, over fulfilled promises, kept or late.
-- part: whole
SELECT
    site_id, business_date, hour, dated_at, channel, '' AS department,
    assumeNotNull(over_promise_s) / 60 AS numerator, toFloat64(1) AS denominator,
    toFloat64(1) AS n, pow(assumeNotNull(over_promise_s) / 60, 2) AS squares
FROM moments.promises
WHERE state IN ('kept', 'late')
-- part: departments
SELECT
    site_id, business_date, hour, dated_at, channel, department,
    over_promise_s / 60 AS numerator, toFloat64(1) AS denominator,
    toFloat64(1) AS n, pow(over_promise_s / 60, 2) AS squares
FROM moments.promise_ledger
WHERE state IN ('kept', 'late')
