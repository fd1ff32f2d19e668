-- The promises made in it.
SELECT
    site_id, promise_id, kind, if(kinds.@{title} = '', facts.kind, kinds.@{title}) AS kind_title,
    made_by, if(makers.@{title} = '', facts.made_by, makers.@{title}) AS made_by_title, state,
    made_at, toFloat64(window_s) AS window_s, toFloat64(elapsed_s) AS elapsed_s, toFloat64(late_s) AS late_s
FROM moments.promises AS facts
LEFT JOIN moments.moment_types AS kinds ON kinds.code = facts.kind
LEFT JOIN moments.departments AS makers ON makers.department = facts.made_by
WHERE visit_id = ${visit:sqlstring} AND site_id IN (${site:sqlstring})
ORDER BY made_at, promise_id
