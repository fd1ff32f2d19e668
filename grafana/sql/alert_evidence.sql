-- Evidence falling away: coverage of the last 7 days less that of the days before them in the window.
SELECT $__toTime AS time, toString(places.region) AS region, toString(sums.site_id) AS site, late / late_d - early / early_d AS value
FROM
(
    SELECT
        site_id, sumIf(numerator, dated_at >= $__toTime - toIntervalDay(7)) AS late, sumIf(denominator, dated_at >= $__toTime - toIntervalDay(7)) AS late_d,
        sumIf(numerator, dated_at < $__toTime - toIntervalDay(7)) AS early, sumIf(denominator, dated_at < $__toTime - toIntervalDay(7)) AS early_d,
        sumIf(n, dated_at >= $__toTime - toIntervalDay(7)) AS late_n, sumIf(n, dated_at < $__toTime - toIntervalDay(7)) AS early_n
    FROM moments.kpi_evidence_coverage
    WHERE dated_at >= $__fromTime AND dated_at < $__toTime
    GROUP BY site_id
    HAVING late_n >= 30 AND early_n >= 30
) AS sums
INNER JOIN (SELECT site_id, argMax(region, valid_from) AS region FROM moments.sites GROUP BY site_id) AS places ON places.site_id = sums.site_id
ORDER BY time, region, site
