-- Sites side by side with interval and n; a mean is shown with its spread and never ranked.
SELECT figure.site_id AS site_id, names.site AS site, names.region AS region, value, lo, hi, n, judgement
FROM
(
@{figures}
) AS figure
LEFT JOIN
(
    SELECT site_id, argMax(name, valid_from) AS site, argMax(region, valid_from) AS region
    FROM moments.sites
    GROUP BY site_id
) AS names ON names.site_id = figure.site_id
ORDER BY value IS NULL, value @{worst_first}, site_id
