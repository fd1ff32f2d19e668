-- Mean visit experience score, over visits with a moment.
-- part: whole
SELECT
    site_id, business_date, hour, dated_at, channel, '' AS department,
    assumeNotNull(ves) AS numerator, toFloat64(1) AS denominator,
    toFloat64(1) AS n, assumeNotNull(ves * ves) AS squares
FROM moments.visits
WHERE ves IS NOT NULL
