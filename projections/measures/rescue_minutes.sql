-- Minutes of others' overrun made good by departments; slack's part is a measure of its own.
-- part: whole
SELECT
    site_id, business_date, hour, dated_at, channel, '' AS department,
    greatest(assumeNotNull(absorbed_s - slack_rescue_s), 0) / 60 AS numerator, toFloat64(1) AS denominator,
    toFloat64(1) AS n, pow(greatest(assumeNotNull(absorbed_s - slack_rescue_s), 0) / 60, 2) AS squares
FROM moments.promises
WHERE state IN ('kept', 'late')
-- part: departments
SELECT
    site_id, business_date, hour, dated_at, channel, department,
    rescue_s / 60 AS numerator, toFloat64(1) AS denominator,
    toFloat64(1) AS n, pow(rescue_s / 60, 2) AS squares
FROM moments.promise_ledger
WHERE state IN ('kept', 'late')
