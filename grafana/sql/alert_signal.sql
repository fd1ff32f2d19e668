-- A process-behaviour signal on the worse side at a site's last complete business day: the point outside its limits, or the last eight
-- on one side of the centre. 1 is a signal, 0 the ordinary spread of days.
SELECT $__toTime AS time, toString(places.region) AS region, toString(signals.site_id) AS site, toFloat64(outside OR run_of_8) AS value
FROM
(
    SELECT
        site_id, argMax(chart.value @{worse} chart.@{limit}, chart.time) AS outside,
        arraySlice(arraySort(pair -> pair.1, groupArray((chart.time, chart.value @{worse} chart.centre))), -8) AS last_days,
        @{runs} AND length(last_days) = 8 AND arrayAll(pair -> pair.2 = 1, last_days) AS run_of_8, max(chart.time) AS last_day
    FROM
    (
@{limits}
    ) AS chart
    GROUP BY site_id
    HAVING last_day >= $__toTime - toIntervalDay(4)
) AS signals
INNER JOIN (SELECT site_id, argMax(region, valid_from) AS region FROM moments.sites GROUP BY site_id) AS places ON places.site_id = signals.site_id
ORDER BY time, region, site
