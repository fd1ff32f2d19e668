-- Lateness between those who promise and those who overrun: minutes and promises of one owed to the customers of the other.
SELECT
    maker.@{title} AS promised_by, debtor.@{title} AS owed_by, owed.made_by AS made_by, owed.department AS department,
    owed.late_minutes AS late_minutes, owed.equivalents AS equivalents, owed.n AS n
FROM
(
    SELECT
        told.made_by AS made_by, facts.department AS department, sum(facts.late_s) / 60 AS late_minutes,
        sum(facts.equivalents) AS equivalents, toFloat64(countIf(facts.equivalents > 0)) AS n
    @{from_}
    INNER JOIN moments.promises AS told ON told.site_id = facts.site_id AND told.promise_id = facts.promise_id
    @{where}
    GROUP BY made_by, department
    HAVING n > 0
) AS owed
INNER JOIN moments.departments AS maker ON maker.department = owed.made_by
INNER JOIN moments.departments AS debtor ON debtor.department = owed.department
ORDER BY equivalents DESC, made_by, department
LIMIT 50
