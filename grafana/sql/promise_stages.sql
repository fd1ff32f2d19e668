-- Its stages in order: budget against actual, the overrun and whose the lateness is. `unmeasured`, `over_promise` and `blocked:…` are no stages.
SELECT
    facts.stage AS stage, roles.@{title} AS title, facts.department AS department, facts.group_name AS group_name, toFloat64(facts.budget_s) AS budget_s,
    facts.actual_s AS actual_s, facts.overrun_s AS overrun_s, facts.credit_s AS credit_s, facts.share AS share, facts.late_s AS late_s,
    facts.hidden_s AS hidden_s, facts.rescue_s AS rescue_s
FROM moments.stages AS facts
LEFT JOIN moments.departments AS roles ON roles.department = facts.department
WHERE facts.promise_id = ${promise:sqlstring} AND facts.site_id IN (${site:sqlstring})
ORDER BY facts.ordinal
