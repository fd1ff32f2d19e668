-- Promises missed, the latest first: the rows behind the figure. A row opens the promise.
SELECT
    facts.site_id AS site_id, facts.promise_id AS promise_id, facts.visit_id AS visit_id, facts.made_at AS made_at, facts.kind AS kind,
    if(kinds.@{title} = '', facts.kind, kinds.@{title}) AS kind_title,
    facts.state AS state, toFloat64(facts.window_s) AS window_s, toFloat64(facts.elapsed_s) AS elapsed_s, toFloat64(facts.late_s) AS late_s
@{from_}
LEFT JOIN moments.moment_types AS kinds ON kinds.code = facts.kind
@{where}
ORDER BY late_s DESC, made_at DESC, site_id, promise_id
LIMIT 100
