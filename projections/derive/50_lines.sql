-- lines: every overrun u and credit c of a fulfilled promise with its owner: branches and blocked time by the airport rule, blocked
-- time outside stages, the unmeasured, the over-promise.
SELECT
    site_id, promise_id, ordinal, stage, owner AS department, joined AS group_name, budget_s, toFloat64(own_s) AS actual_s,
    sum(step) OVER (PARTITION BY site_id, promise_id, node ORDER BY over_s, stage ROWS UNBOUNDED PRECEDING) AS overrun_s,
    if(own_s = node_own_s, greatest(0, node_budget_s - node_own_s) / finished_last, toFloat64(0)) AS credit_s
FROM
(
    SELECT
        *,
        greatest(0, own_s - node_budget_s) AS over_s,
        (over_s - lagInFrame(over_s, 1, 0) OVER ranked) / (count() OVER whole - row_number() OVER ranked + 1) AS step
    FROM $scratch.branches
    WHERE reported
    WINDOW
        whole AS (PARTITION BY site_id, promise_id, node),
        ranked AS (PARTITION BY site_id, promise_id, node ORDER BY over_s, stage ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
)
UNION ALL
SELECT
    r.site_id, r.promise_id, r.ordinal, concat('blocked:', r.stage), c.cause, '', 0, r.part_s * c.seconds / r.blocked_s,
    r.part_s * c.seconds / r.blocked_s, toFloat64(0)
FROM
(
    SELECT
        site_id, promise_id, stage, ordinal, blocked_s,
        sum(step) OVER (PARTITION BY site_id, promise_id, node ORDER BY over_s, stage ROWS UNBOUNDED PRECEDING) AS part_s
    FROM
    (
        SELECT
            *,
            greatest(0, actual_s - node_own_s) AS over_s,
            (over_s - lagInFrame(over_s, 1, 0) OVER ranked) / (count() OVER whole - row_number() OVER ranked + 1) AS step
        FROM $scratch.branches
        WHERE reported AND node_actual_s > node_own_s
        WINDOW
            whole AS (PARTITION BY site_id, promise_id, node),
            ranked AS (PARTITION BY site_id, promise_id, node ORDER BY over_s, stage ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    )
) AS r
INNER JOIN
(
    SELECT site_id, promise_id, stage, cause, sum(blocked_s) AS seconds
    FROM $scratch.blocked
    WHERE NOT in_gap AND blocked_s > 0
    GROUP BY site_id, promise_id, stage, cause
) AS c ON c.site_id = r.site_id AND c.promise_id = r.promise_id AND c.stage = r.stage
WHERE r.part_s > 0
UNION ALL
SELECT site_id, promise_id, 60000, concat('blocked:', if(stage = '', 'unmeasured', stage)), cause, '', 0, toFloat64(taken_s), toFloat64(taken_s), toFloat64(0)
FROM $scratch.gap_taken
WHERE taken_s > 0
UNION ALL
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
