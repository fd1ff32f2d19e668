-- Complaints over visits: a complaint counts on its own day and channel, a visit on its own.
-- part: whole
SELECT
    site_id, business_date, hour, dated_at, channel, '' AS department,
    toFloat64(1) AS numerator, toFloat64(0) AS denominator,
    toFloat64(0) AS n, toFloat64(1) AS squares
FROM moments.outcomes
WHERE kind = 'complaint'
UNION ALL
SELECT
    site_id, business_date, hour, dated_at, channel, '' AS department,
    toFloat64(0) AS numerator, toFloat64(1) AS denominator,
    toFloat64(1) AS n, toFloat64(0) AS squares
FROM moments.visits
