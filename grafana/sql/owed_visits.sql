-- Visits in which the department owes points, the most first, and on what evidence.
SELECT
    facts.site_id AS site_id, facts.visit_id AS visit_id, facts.hour AS hour, sum(facts.debit) AS debit, sum(facts.credit) AS credit,
    arrayStringConcat(arraySort(groupUniqArrayIf(toString(facts.basis), facts.debit > 0)), ', ') AS basis
@{from_}
@{where}
GROUP BY site_id, visit_id, hour
HAVING debit > 0
ORDER BY debit DESC, site_id, visit_id
LIMIT 100
