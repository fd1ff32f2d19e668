-- Hours since anything was heard of a site.
SELECT
    $__toTime AS time, toString(places.region) AS region, toString(heard.site_id) AS site,
    toFloat64(dateDiff('second', last_at, $__toTime)) / 3600 AS value
FROM (SELECT site_id, max(last_at) AS last_at FROM moments.sources GROUP BY site_id) AS heard
INNER JOIN (SELECT site_id, argMax(region, valid_from) AS region FROM moments.sites GROUP BY site_id) AS places ON places.site_id = heard.site_id
ORDER BY time, region, site
