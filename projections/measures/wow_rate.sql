-- Visits with a wow, over all visits: one may have a wow delivered and no moment at all.
-- part: whole
SELECT
    site_id, business_date, hour, dated_at, channel, '' AS department,
    toFloat64(wow) AS numerator, toFloat64(1) AS denominator,
    toFloat64(1) AS n, toFloat64(wow) AS squares
FROM moments.visits
