-- Who owes and who earned points in it: two ledgers, never netted.
SELECT
    facts.department AS department, roles.@{title} AS title, roles.tier AS tier, facts.basis AS basis, facts.debit AS debit, facts.credit AS credit
FROM moments.visit_ledger AS facts
LEFT JOIN moments.departments AS roles ON roles.department = facts.department
WHERE facts.visit_id = ${visit:sqlstring} AND facts.site_id IN (${site:sqlstring})
ORDER BY debit DESC, credit DESC, department, basis
