-- The line's own state, as last sampled in the range.
SELECT name, argMax(samples.value, samples.at) AS value, max(samples.at) AS at
FROM moments.status AS samples
WHERE site_id = '' AND samples.at >= $__fromTime AND samples.at <= $__toTime
GROUP BY name
ORDER BY name
