-- The end of each site's interval that is nearest to the standard: when even that is past the threshold, chance alone does not explain
-- it. Fewer than @{low_n} observations raise no alarm.
SELECT $__toTime AS time, toString(places.region) AS region, toString(figure.site_id) AS site, assumeNotNull(@{bound}) AS value
FROM
(
@{figures}
) AS figure
INNER JOIN (SELECT site_id, argMax(region, valid_from) AS region FROM moments.sites GROUP BY site_id) AS places ON places.site_id = figure.site_id
WHERE n >= @{low_n} AND @{bound} IS NOT NULL
ORDER BY time, region, site
