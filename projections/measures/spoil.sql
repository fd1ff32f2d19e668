-- Visits whose last moment spoilt them, over those at standard until then.
-- part: whole
SELECT
    site_id, business_date, hour, dated_at, channel, '' AS department,
    toFloat64(spoilt) AS numerator, toFloat64(1) AS denominator,
    toFloat64(1) AS n, toFloat64(spoilt) AS squares
FROM moments.visits
WHERE spoil_n = 1
