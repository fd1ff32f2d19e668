-- What was refused or waits, by the site that it names, as last sampled in the range.
SELECT
    site_id, argMaxIf(value, at, name = 'dead_letters') AS dead_letters, argMaxIf(value, at, name = 'waiting_letters') AS waiting_letters,
    argMaxIf(value, at, name = 'waiting_promises') AS waiting_promises, argMaxIf(value, at, name = 'least_delay_s') AS least_delay_s
FROM moments.status
WHERE site_id IN (${site:sqlstring}) AND at >= $__fromTime AND at <= $__toTime
GROUP BY site_id
ORDER BY dead_letters DESC, waiting_letters DESC, site_id
