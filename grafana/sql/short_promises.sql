-- Promises shorter than their own plan, by kind and maker: minutes that could not be kept from the start.
SELECT
    facts.kind AS kind, any(if(kinds.@{title} = '', facts.kind, kinds.@{title})) AS kind_title,
    facts.made_by AS made_by, roles.@{title} AS title, toFloat64(count()) AS n,
    toFloat64(countIf(facts.over_promise_s > 0)) AS over_promised, sum(assumeNotNull(facts.over_promise_s)) / 60 AS over_minutes,
    avg(assumeNotNull(facts.window_s)) AS window_s, avg(assumeNotNull(facts.budget_s)) AS budget_s
@{from_}
LEFT JOIN moments.moment_types AS kinds ON kinds.code = facts.kind
INNER JOIN moments.departments AS roles ON roles.department = facts.made_by
@{where}
GROUP BY kind, made_by, title
HAVING over_promised > 0
ORDER BY over_minutes DESC, kind, made_by
LIMIT 50
