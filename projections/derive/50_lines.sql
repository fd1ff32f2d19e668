-- needs: fulfilled
-- lines: every overrun u and credit c of a fulfilled promise with its owner. First the stages: the branches of a node by the airport rule.
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
