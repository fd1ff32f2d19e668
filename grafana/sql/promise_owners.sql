-- Who owns, hid and rescued what of it.
SELECT
    facts.department AS department, roles.@{title} AS title, roles.tier AS tier, facts.equivalents AS equivalents, facts.late_s AS late_s,
    facts.hidden_s AS hidden_s, facts.rescue_s AS rescue_s, facts.over_promise_s AS over_promise_s
FROM moments.promise_ledger AS facts
LEFT JOIN moments.departments AS roles ON roles.department = facts.department
WHERE facts.promise_id = ${promise:sqlstring} AND facts.site_id IN (${site:sqlstring})
ORDER BY equivalents DESC, late_s DESC, department
