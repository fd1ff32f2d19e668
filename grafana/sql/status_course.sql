-- One figure of the line's state over time.
SELECT toStartOfInterval(at, toIntervalSecond($__interval_s)) AS time, max(value) AS value
FROM moments.status
WHERE name = '@{name}' AND site_id = '' AND at >= $__fromTime AND at <= $__toTime
GROUP BY time
ORDER BY time
