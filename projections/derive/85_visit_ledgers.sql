-- visit_ledgers: debit and credit points per department and evidence.
SELECT site_id, visit_id, department, basis, sum(debit * part) AS debit, sum(credit * part) AS credit
FROM $scratch.scored_moments
ARRAY JOIN split.1 AS department, split.2 AS part
WHERE score != 75 AND part > 0
GROUP BY site_id, visit_id, department, basis
