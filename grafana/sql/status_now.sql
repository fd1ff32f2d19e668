-- The line's own state, as last sampled in the range: the greatest within one round of samples (30 s), since each of several projectors
-- tells of its own partitions.
SELECT told.name AS name, max(told.value) AS value, max(told.at) AS at
FROM
(
    SELECT samples.name AS name, samples.value AS value, samples.at AS at, max(samples.at) OVER (PARTITION BY samples.name) AS last_at
    FROM moments.status AS samples
    WHERE samples.site_id = '' AND samples.at >= $__fromTime AND samples.at <= $__toTime
) AS told
WHERE told.at > told.last_at - toIntervalSecond(35)
GROUP BY name
ORDER BY name
