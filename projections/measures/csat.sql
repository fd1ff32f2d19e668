-- Answers of 4 or 5 out of 5.
-- part: whole
SELECT
    site_id, business_date, hour, dated_at, channel, '' AS department,
    toFloat64(assumeNotNull(score) >= 4) AS numerator, toFloat64(1) AS denominator,
    toFloat64(1) AS n, toFloat64(assumeNotNull(score) >= 4) AS squares
FROM moments.outcomes
WHERE kind = 'csat' AND score IS NOT NULL
