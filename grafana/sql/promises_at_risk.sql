-- Promises still open at the end of the range, the least time left first; below zero the window has passed already.
SELECT
    facts.site_id AS site_id, facts.promise_id AS promise_id, facts.visit_id AS visit_id, facts.kind AS kind,
    if(kinds.@{title} = '', facts.kind, kinds.@{title}) AS kind_title, facts.made_by AS made_by,
    if(makers.@{title} = '', facts.made_by, makers.@{title}) AS made_by_title,
    formatDateTime(assumeNotNull(facts.due_at), '%H:%i', @{zone}) AS due,
    toFloat64(dateDiff('second', $__toTime, assumeNotNull(facts.due_at))) AS left_s,
    if(left_s < 0, 'overdue', if(left_s <= 0.2 * assumeNotNull(facts.window_s), 'at_risk', 'in_time')) AS risk
FROM moments.promises AS facts
LEFT JOIN moments.moment_types AS kinds ON kinds.code = facts.kind
LEFT JOIN moments.departments AS makers ON makers.department = facts.made_by
WHERE facts.site_id IN (${site:sqlstring})
    AND facts.state = 'open'
    AND facts.hour >= $__toTime - toIntervalDay(3)
    AND facts.made_at <= $__toTime
ORDER BY left_s, promise_id
LIMIT 50
