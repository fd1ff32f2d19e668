-- needs: fulfilled
-- branches: every stage inside its node of the chain (a serial stage is a join of one branch): own actual without blocked time, and
-- of the node: budget (largest declared), own actual, blocked part (R9, R10).
SELECT
    site_id, promise_id, node, stage, ordinal, declared, reported, owner, joined, budget_s, actual_s, blocked_s,
    actual_s - blocked_s AS own_s,
    max(budget_s) OVER nodes AS node_budget_s,
    max(reported) OVER nodes AS node_reported,
    max(if(reported, own_s, 0)) OVER nodes AS node_own_s,
    max(if(reported, actual_s, 0)) OVER nodes AS node_actual_s,
    row_number() OVER nodes_ranked = 1 AS speaks_for_node,
    countIf(reported AND own_s = node_own) OVER nodes AS finished_last
FROM
(
    SELECT
        s.*, toInt64(ifNull(b.blocked, 0)) AS blocked_s,
        max(if(reported, s.actual_s - blocked_s, 0)) OVER (PARTITION BY site_id, promise_id, node) AS node_own
    FROM $scratch.told_stages AS s
    LEFT JOIN
    (
        SELECT site_id, promise_id, stage, sum(blocked_s) AS blocked
        FROM $scratch.blocked
        WHERE NOT in_gap
        GROUP BY site_id, promise_id, stage
    ) AS b USING (site_id, promise_id, stage)
    WHERE s.declared OR s.reported
)
WINDOW
    nodes AS (PARTITION BY site_id, promise_id, node),
    nodes_ranked AS (PARTITION BY site_id, promise_id, node ORDER BY stage)
