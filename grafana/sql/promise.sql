-- One promise: what was promised, what came of it.
SELECT
    site_id, promise_id, visit_id, case_id, kind, if(kinds.@{title} = '', facts.kind, kinds.@{title}) AS kind_title,
    made_by, if(makers.@{title} = '', facts.made_by, makers.@{title}) AS made_by_title,
    facts.channel AS channel, if(ways.@{title} = '', facts.channel, ways.@{title}) AS channel_title, state, made_at, due_at, closed_at, revised_at, toFloat64(window_s) AS window_s,
    toFloat64(budget_s) AS budget_s, toFloat64(elapsed_s) AS elapsed_s, toFloat64(late_s) AS late_s, overrun_s, absorbed_s,
    toFloat64(over_promise_s) AS over_promise_s, toFloat64(slack_s) AS slack_s
FROM moments.promises AS facts
LEFT JOIN moments.moment_types AS kinds ON kinds.code = facts.kind
LEFT JOIN moments.channels AS ways ON ways.channel = facts.channel
LEFT JOIN moments.departments AS makers ON makers.department = facts.made_by
WHERE promise_id = ${promise:sqlstring} AND site_id IN (${site:sqlstring})
LIMIT 1
