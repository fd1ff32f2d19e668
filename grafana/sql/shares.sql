-- Who owns a shared quantity: by department of a measure's parts; the share is of what the scope holds.
SELECT
    department, @{title} AS title, roles.tier AS tier, quantity, if(total = 0, NULL, quantity / total) AS share, n
FROM
(
    SELECT department, @{value} AS quantity, sum(@{value}) OVER () AS total, size AS n
    FROM
    (
@{sums}
    ) AS sums
) AS owned
INNER JOIN moments.departments AS roles ON roles.department = owned.department
WHERE quantity > 0
ORDER BY quantity DESC, department
