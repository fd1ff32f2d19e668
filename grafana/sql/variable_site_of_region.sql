-- Sites that ever belonged to one of the chosen regions.
SELECT site_id AS value, concat(argMax(name, valid_from), ' (', site_id, ')') AS text
FROM moments.sites
WHERE site_id IN (SELECT site_id FROM moments.sites WHERE region IN (${region:sqlstring}))
GROUP BY site_id
ORDER BY site_id
