-- Visits whose last moment saved them, over those under standard before it.
-- part: whole
SELECT
    site_id, business_date, hour, dated_at, channel, '' AS department,
    toFloat64(saved) AS numerator, toFloat64(1) AS denominator,
    toFloat64(1) AS n, toFloat64(saved) AS squares
FROM moments.visits
WHERE save_n = 1
