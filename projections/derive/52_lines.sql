-- needs: fulfilled
-- lines, further: the unmeasured (R8, R9) and the over-promise.
SELECT
    t.site_id, t.promise_id, 60001, 'unmeasured', 'unmeasured', '', t.unreported_budget_s, toFloat64(t.gap_s - ifNull(g.taken, 0)) AS left_s,
    greatest(0, left_s - t.unreported_budget_s), greatest(0, t.unreported_budget_s - left_s)
FROM $scratch.totals AS t
LEFT JOIN (SELECT site_id, promise_id, sum(taken_s) AS taken FROM $scratch.gap_taken GROUP BY site_id, promise_id) AS g USING (site_id, promise_id)
WHERE t.gap_s > 0 OR t.silent > 0
UNION ALL
SELECT site_id, promise_id, 60002, 'over_promise', made_by, '', 0, toFloat64(0), toFloat64(over_promise_s), toFloat64(0)
FROM $scratch.totals
WHERE over_promise_s > 0
