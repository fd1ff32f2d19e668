-- Promises missed by the site's own hour of the day and business day: when the promises break.
WITH (SELECT if(count() = 0, 'UTC', argMax(timezone, valid_from)) FROM moments.sites WHERE site_id IN (${site:sqlstring})) AS zone
SELECT toDateTime(facts.business_date, 'UTC') AS time, formatDateTime(facts.hour, '%H', zone) AS local_hour, sum(facts.numerator) AS missed
FROM moments.kpi_promise_equivalents AS facts
@{where}
GROUP BY time, local_hour
ORDER BY time, local_hour
