-- Events by day and site: a site that falls silent shows as a gap.
SELECT day AS time, site_id, events
FROM
(
    SELECT toStartOfDay(time, 'UTC') AS day, site_id, toFloat64(count()) AS events
    FROM moments.events
    WHERE time >= $__fromTime AND time < $__toTime AND site_id IN (${site:sqlstring})
    GROUP BY day, site_id
) AS days
ORDER BY time, site_id
