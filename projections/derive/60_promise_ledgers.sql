-- needs: promise
-- promise_ledgers: what each department owns of a promise; of a broken one the whole promise-equivalent and no seconds (R7).
SELECT
    site_id, promise_id, department,
    sum(share) AS equivalents, sum(line_late_s) AS late_s, sum(hidden_s) AS hidden_s, sum(rescue_s) AS rescue_s,
    sumIf(overrun_s, stage = 'over_promise') AS over_promise_s
FROM $scratch.shared_lines
GROUP BY site_id, promise_id, department
HAVING equivalents > 0 OR hidden_s > 0 OR rescue_s > 0 OR over_promise_s > 0
UNION ALL
SELECT site_id, promise_id, department, sum(part), 0, 0, 0, 0
FROM
(
    SELECT site_id, promise_id, if(notEmpty(cause.1), cause, tuple(['unmeasured'], [toFloat64(1)])) AS owners
    FROM $scratch.planned
    WHERE state = 'broken'
)
ARRAY JOIN owners.1 AS department, owners.2 AS part
GROUP BY site_id, promise_id, department
HAVING sum(part) > 0
