-- Sites by code, shown with the name they have now.
SELECT site_id AS value, concat(argMax(name, valid_from), ' (', site_id, ')') AS text
FROM moments.sites
GROUP BY site_id
ORDER BY site_id
