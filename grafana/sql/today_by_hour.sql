-- The business day that the end of the range falls into, by the site's own hours: how promises and visits went.
WITH
    (SELECT if(count() = 0, 'UTC', argMax(timezone, valid_from)) FROM moments.sites WHERE site_id IN (${site:sqlstring})) AS zone,
    (SELECT if(count() = 0, '00:00', argMax(business_day_start, valid_from)) FROM moments.sites WHERE site_id IN (${site:sqlstring})) AS begins,
    toDate(toTimeZone($__toTime, zone) - toIntervalSecond(toUInt32OrZero(substring(begins, 1, 2)) * 3600 + toUInt32OrZero(substring(begins, 4, 2)) * 60)) AS today
SELECT
    formatDateTime(hour, '%H:00', zone) AS local_hour,
    if(sum(ended) = 0, NULL, sum(kept) / sum(ended)) AS on_time, toFloat64(sum(ended)) AS promises,
    if(sum(scored) = 0, NULL, sum(score) / sum(scored)) AS ves, toFloat64(sum(scored)) AS visits, toFloat64(sum(complaint)) AS complaints
FROM
(
    SELECT hour, numerator AS kept, denominator AS ended, 0. AS score, 0. AS scored, 0. AS complaint
    FROM moments.kpi_on_time
    WHERE site_id IN (${site:sqlstring}) AND business_date = today
    UNION ALL
    SELECT hour, 0., 0., numerator, denominator, 0.
    FROM moments.kpi_ves
    WHERE site_id IN (${site:sqlstring}) AND business_date = today
    UNION ALL
    SELECT hour, 0., 0., 0., 0., numerator
    FROM moments.kpi_complaints_per_1000
    WHERE site_id IN (${site:sqlstring}) AND business_date = today
) AS hours
GROUP BY hour
ORDER BY hour
