-- needs: blocked
-- gap_taken: blocked time outside reported stages, taken out of the gap in order of beginning, at most the gap (R11).
SELECT
    b.site_id AS site_id, b.promise_id AS promise_id, b.stage AS stage, b.cause AS cause,
    greatest(0, least(b.blocked_s, t.gap_s - b.before_s)) AS taken_s
FROM
(
    SELECT
        *,
        sum(blocked_s) OVER (PARTITION BY site_id, promise_id ORDER BY from_ms, ms, event_id, source ROWS UNBOUNDED PRECEDING) - blocked_s AS before_s
    FROM $scratch.blocked
    WHERE in_gap
) AS b
INNER JOIN $scratch.totals AS t USING (site_id, promise_id)
