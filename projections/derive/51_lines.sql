-- needs: blocked
-- lines, further: blocked time inside stages by the airport rule, within a stage in proportion to each cause (R10); then blocked time
-- outside stages, taken out of the gap (R11).
SELECT
    r.site_id, r.promise_id, r.ordinal, concat('blocked:', r.stage), c.cause, r.joined, 0, toFloat64(c.seconds) AS actual_s,
    r.part_s * c.seconds / r.blocked_s, toFloat64(0)
FROM
(
    SELECT
        site_id, promise_id, stage, ordinal, joined, blocked_s,
        sum(step) OVER (PARTITION BY site_id, promise_id, node ORDER BY over_s, stage ROWS UNBOUNDED PRECEDING) AS part_s
    FROM
    (
        SELECT
            *,
            greatest(0, actual_s - node_own_s) AS over_s,
            (over_s - lagInFrame(over_s, 1, 0) OVER ranked) / (count() OVER whole - row_number() OVER ranked + 1) AS step
        FROM $scratch.branches
        WHERE reported
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
UNION ALL
SELECT
    site_id, promise_id, 60000, concat('blocked:', if(stage = '', 'unmeasured', stage)), cause, '', 0, toFloat64(sum(taken_s)),
    toFloat64(sum(taken_s)), toFloat64(0)
FROM $scratch.gap_taken
WHERE taken_s > 0
GROUP BY site_id, promise_id, stage, cause
