-- needs: blocked
-- blocked: seconds of each blocked interval that no earlier interval covered (R11): inside the stage it names if that stage
-- reported, else (in_gap) inside [made, fulfilled].
SELECT
    site_id, promise_id, in_gap, stage, cause, from_ms, ms, event_id, source,
    greatest(0, end_s - greatest(begin_s, covered_s)) AS blocked_s
FROM
(
    SELECT
        *,
        max(end_s) OVER (
            PARTITION BY site_id, promise_id, in_gap, if(in_gap, '', stage) ORDER BY from_ms, ms, event_id, source
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered_s
    FROM
    (
        SELECT
            w.site_id AS site_id, w.id AS promise_id, w.stage AS stage, w.department AS cause, w.from_ms AS from_ms,
            w.ms AS ms, w.event_id AS event_id, w.source AS source,
            NOT s.reported AS in_gap,
            if(s.reported, s.completed_s - s.actual_s, p.made_s) AS low_s,
            if(s.reported, s.completed_s, greatest(p.made_s, p.closed_s)) AS high_s,
            least(greatest(intDiv(w.from_ms, 1000), low_s), high_s) AS begin_s,
            least(greatest(intDiv(w.to_ms, 1000), low_s), high_s) AS end_s
        FROM (SELECT * FROM $scratch.work WHERE kind = 'promise' AND type = 'moments.stage.blocked') AS w
        INNER JOIN (SELECT * FROM $scratch.planned WHERE fulfilled) AS p ON p.site_id = w.site_id AND p.promise_id = w.id
        LEFT JOIN $scratch.told_stages AS s ON s.site_id = w.site_id AND s.promise_id = w.id AND s.stage = w.stage
    )
)
