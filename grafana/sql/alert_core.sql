-- The core product under standard: the upper end of Wilson's interval of the share of core moments that met the standard.
SELECT $__toTime AS time, toString(places.region) AS region, toString(counts.site_id) AS site, assumeNotNull(@{hi}) AS value
FROM
(
    SELECT site_id, toFloat64(countIf(score >= 75)) AS x, toFloat64(count()) AS n
    FROM moments.visit_moments
    WHERE dated_at >= $__fromTime AND dated_at < $__toTime AND moment IN (SELECT code FROM moments.moment_types WHERE ring = 'core')
    GROUP BY site_id
    HAVING n >= 30
) AS counts
INNER JOIN (SELECT site_id, argMax(region, valid_from) AS region FROM moments.sites GROUP BY site_id) AS places ON places.site_id = counts.site_id
ORDER BY time, region, site
