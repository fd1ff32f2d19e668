-- Minutes of overrun made good by the window's own slack: nobody's merit.
-- part: whole
SELECT
    site_id, business_date, hour, dated_at, channel, '' AS department,
    assumeNotNull(slack_rescue_s) / 60 AS numerator, toFloat64(1) AS denominator,
    toFloat64(1) AS n, pow(assumeNotNull(slack_rescue_s) / 60, 2) AS squares
FROM moments.promises
WHERE state IN ('kept', 'late')
