-- Events refused within the window: the count at its end less that at its beginning.
SELECT $__toTime AS time, argMax(value, at) - argMin(value, at) AS value
FROM moments.status
WHERE name = 'dead_letters' AND site_id = '' AND at >= $__fromTime AND at <= $__toTime
HAVING count() > 0
ORDER BY time
