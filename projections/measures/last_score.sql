-- Mean score of a visit's last moment, over visits with a moment.
-- part: whole
SELECT
    site_id, business_date, hour, dated_at, channel, '' AS department,
    assumeNotNull(last_score) AS numerator, toFloat64(1) AS denominator,
    toFloat64(1) AS n, assumeNotNull(last_score * last_score) AS squares
FROM moments.visits
WHERE last_score IS NOT NULL
