-- The lateness of all promises as a waterfall: minutes by the stage they come from, the longest bar first.
SELECT concat(toString(facts.stage), ' · ', roles.@{title}) AS stage, sum(facts.late_s) / 60 AS late_minutes
@{from_}
INNER JOIN moments.departments AS roles ON roles.department = facts.department
@{where}
GROUP BY stage
HAVING late_minutes > 0
ORDER BY late_minutes DESC, stage
LIMIT 20
