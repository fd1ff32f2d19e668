-- What others owe in the promises that this department made or worked on: their part of the lateness, none of one's own.
SELECT
    owed.department AS department, roles.@{title} AS title, roles.tier AS tier, owed.late_minutes AS late_minutes,
    owed.equivalents AS equivalents, owed.n AS n
FROM
(
    SELECT
        facts.department AS department, sum(facts.late_s) / 60 AS late_minutes, sum(facts.equivalents) AS equivalents,
        toFloat64(countIf(facts.equivalents > 0)) AS n
    @{from_}
    INNER JOIN moments.promises AS told ON told.site_id = facts.site_id AND told.promise_id = facts.promise_id
    @{where}
    GROUP BY department
    HAVING n > 0
) AS owed
INNER JOIN moments.departments AS roles ON roles.department = owed.department
ORDER BY equivalents DESC, department
