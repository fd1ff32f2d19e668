-- needs: fulfilled
-- totals: the promise as a whole: plan, gap, overlap, over-promise (section 4, R8, R9).
SELECT
    p.site_id AS site_id, p.promise_id AS promise_id, p.made_by AS made_by, p.elapsed_s AS elapsed_s, p.window_s AS window_s,
    ifNull(b.budget, 0) AS budget_s,
    ifNull(b.unreported, 0) AS unreported_budget_s,
    greatest(0, elapsed_s - ifNull(b.told, 0)) AS gap_s,
    greatest(0, ifNull(b.told, 0) - elapsed_s) AS overlap_s,
    greatest(0, budget_s - window_s) AS over_promise_s,
    greatest(0, window_s - budget_s) + overlap_s AS slack_s,
    greatest(0, elapsed_s - window_s) AS late_s,
    ifNull(b.silent, 0) AS silent
FROM (SELECT * FROM $scratch.planned WHERE fulfilled) AS p
LEFT JOIN
(
    SELECT
        site_id, promise_id,
        sumIf(node_budget_s, speaks_for_node) AS budget,
        sumIf(node_budget_s, speaks_for_node AND NOT node_reported) AS unreported,
        sumIf(node_actual_s, speaks_for_node) AS told,
        countIf(declared AND NOT reported) AS silent
    FROM $scratch.branches
    GROUP BY site_id, promise_id
) AS b USING (site_id, promise_id)
