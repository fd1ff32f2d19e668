-- Stages against their budgets, where the most lateness begins first. Percentiles from the rows themselves.
SELECT
    facts.stage AS stage, facts.department AS department, roles.@{title} AS title, toFloat64(count()) AS n,
    avg(facts.budget_s) AS budget_s, quantileExact(0.5)(facts.actual_s) AS p50_s, quantileExact(0.9)(facts.actual_s) AS p90_s,
    if(count() = 0, NULL, countIf(facts.actual_s <= facts.budget_s) / count()) AS within_budget, sum(facts.late_s) / 60 AS late_minutes
@{from_}
INNER JOIN moments.departments AS roles ON roles.department = facts.department
@{where}
GROUP BY stage, department, title
ORDER BY late_minutes DESC, stage, department
LIMIT 50
