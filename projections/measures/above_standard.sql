-- Moments at standard or above; those without a visit stand in a view of their own.
-- part: whole
SELECT
    site_id, business_date, hour, dated_at, channel, '' AS department,
    toFloat64(above) AS numerator, toFloat64(moments) AS denominator,
    toFloat64(moments) AS n, toFloat64(above) AS squares
FROM moments.visits
WHERE moments > 0
UNION ALL
SELECT
    site_id, business_date, hour, dated_at, channel, '' AS department,
    toFloat64(score >= 75) AS numerator, toFloat64(1) AS denominator,
    toFloat64(1) AS n, toFloat64(score >= 75) AS squares
FROM moments.loose_moments
