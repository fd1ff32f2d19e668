-- Kept promises over those that came to an end: waiting, open and cancelled ones are in no measure.
-- part: whole
SELECT
    site_id, business_date, hour, dated_at, channel, '' AS department,
    CAST(state = 'kept', 'Float64') AS numerator, toFloat64(1) AS denominator,
    toFloat64(1) AS n, CAST(state = 'kept', 'Float64') AS squares
FROM moments.promises
WHERE state IN ('kept', 'late', 'broken')
