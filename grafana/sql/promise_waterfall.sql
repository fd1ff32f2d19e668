-- Where its lateness comes from, stage after stage.
SELECT concat(toString(facts.stage), ' · ', roles.@{title}) AS stage, facts.late_s AS late_s
FROM moments.stages AS facts
LEFT JOIN moments.departments AS roles ON roles.department = facts.department
WHERE facts.promise_id = ${promise:sqlstring} AND facts.site_id IN (${site:sqlstring}) AND facts.late_s > 0
ORDER BY facts.ordinal
