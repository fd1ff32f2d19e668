-- Promoters less detractors: an answer counts +1 (9 or 10), 0 (7 or 8) or -1 (0 to 6).
-- part: whole
SELECT
    site_id, business_date, hour, dated_at, channel, '' AS department,
    toFloat64(multiIf(assumeNotNull(score) >= 9, 1, assumeNotNull(score) <= 6, -1, 0)) AS numerator, toFloat64(1) AS denominator,
    toFloat64(1) AS n, toFloat64(assumeNotNull(score) >= 9 OR assumeNotNull(score) <= 6) AS squares
FROM moments.outcomes
WHERE kind = 'nps' AND score IS NOT NULL
