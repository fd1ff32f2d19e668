-- Seconds that the derivation is behind the log, as last sampled: the greatest within one round of samples, since each of several
-- projectors tells of its own partitions. No sample at all is an alarm of its own.
SELECT $__toTime AS time, maxIf(samples.value, samples.at > last_at - toIntervalSecond(35)) AS value
FROM moments.status AS samples
CROSS JOIN
(
    SELECT max(at) AS last_at
    FROM moments.status
    WHERE name = 'behind_s' AND site_id = '' AND at >= $__fromTime AND at <= $__toTime
) AS latest
WHERE samples.name = 'behind_s' AND samples.site_id = '' AND samples.at >= $__fromTime AND samples.at <= $__toTime
HAVING count() > 0
ORDER BY time
