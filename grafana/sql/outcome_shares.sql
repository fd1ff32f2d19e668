-- Who owns an outcome by the debit of its visit; `unexplained` without one. It allocates evidence; it does not prove cause.
SELECT
    owned.department AS department, roles.@{title} AS title, owned.currency AS currency, owned.quantity AS quantity,
    if(owned.total = 0, NULL, owned.quantity / owned.total) AS share
FROM
(
    SELECT facts.department AS department, toString(facts.currency) AS currency, sum(facts.quantity) AS quantity,
        sum(sum(facts.quantity)) OVER (PARTITION BY toString(facts.currency)) AS total
    @{from_}
    @{where}
    GROUP BY department, currency
) AS owned
INNER JOIN moments.departments AS roles ON roles.department = owned.department
WHERE owned.quantity > 0
ORDER BY currency, quantity DESC, department
