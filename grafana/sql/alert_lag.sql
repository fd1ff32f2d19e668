-- Seconds that the derivation is behind the log, as last sampled. No sample at all is an alarm of its own.
SELECT $__toTime AS time, argMax(value, at) AS value
FROM moments.status
WHERE name = 'behind_s' AND site_id = '' AND at >= $__fromTime AND at <= $__toTime
HAVING count() > 0
ORDER BY time
