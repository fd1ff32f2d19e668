-- Its moments in order: how much each weighs, what it scored, and on what evidence points are shared.
SELECT
    toFloat64(position) AS position, at, moment, if(kinds.@{title} = '', moment, kinds.@{title}) AS moment_title,
    kinds.ring AS ring, outcome, toFloat64(score) AS score, weight, weight * greatest(0, 75 - toFloat64(score)) AS debit,
    weight * greatest(0, toFloat64(score) - 75) AS credit, basis, if(derived = 1, 'derived', 'told') AS origin, promise_id
FROM moments.visit_moments AS facts
LEFT JOIN moments.moment_types AS kinds ON kinds.code = facts.moment
WHERE visit_id = ${visit:sqlstring} AND site_id IN (${site:sqlstring})
ORDER BY position
