-- visit_bases: what a visit's own events say: its beginning, its end, and a wow delivered (R15, R21).
WITH tuple(ms, event_id, source) AS told
SELECT
    site_id, id AS visit_id, any(hour) AS placed,
    countIf(type = 'moments.visit.started') > 0 AS is_started,
    argMinIf(tuple(ms, channel), told, type = 'moments.visit.started') AS start,
    countIf(type = 'moments.visit.ended') > 0 AS is_ended,
    minIf(ms, type = 'moments.visit.ended') AS ended_ms,
    countIf(type = 'moments.wow.delivered') > 0 AS wow_delivered
FROM $scratch.work
WHERE kind = 'visit'
GROUP BY site_id, id
