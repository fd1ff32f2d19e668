-- The same by part of the pyramid: sums of the departments' quantities.
SELECT roles.tier AS tier, sum(quantity) AS owned, if(any(total) = 0, NULL, sum(quantity) / any(total)) AS share
FROM
(
    SELECT department, @{value} AS quantity, sum(@{value}) OVER () AS total
    FROM
    (
@{sums}
    ) AS sums
) AS owned
INNER JOIN moments.departments AS roles ON roles.department = owned.department
GROUP BY tier
HAVING owned > 0
ORDER BY owned DESC
