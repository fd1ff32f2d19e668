-- needs: promise
-- made: every promise spoken of: its earliest promise.made, its earliest closing (R5), its latest root cause, its state at $as_of (R7).
WITH
    tuple(ms, event_id, source) AS told,
    'moments.promise.made' AS t_made,
    'moments.promise.fulfilled' AS t_fulfilled,
    'moments.promise.cancelled' AS t_cancelled
SELECT
    site_id, promise_id, placed,
    m.1 AS made_ms, intDiv(m.1, 1000) AS made_s, m.2 AS promise_kind, m.3 AS made_by, assumeNotNull(m.4) AS window_s, m.5 AS due_ms,
    if(m.6 != '', m.6, k.case_visit) AS visit_id, m.7 AS case_id, m.8 AS own_channel, plan,
    closing.1 AS closed_ms, intDiv(closing.1, 1000) AS closed_s, closing.4 AS closed_id, closing.5 AS closed_source,
    multiIf(
        NOT is_made, if(is_told, 'waiting', ''),
        closing.2 = t_fulfilled, if(greatest(0, closed_s - made_s) <= window_s, 'kept', 'late'),
        closing.2 = t_cancelled, if(closing.3 = 'customer' AND closing.1 <= m.5, 'cancelled', 'broken'),
        $as_of >= m.5 + 86400000, 'broken',
        'open') AS state,
    state IN ('kept', 'late') AS fulfilled,
    greatest(0, closed_s - made_s) AS elapsed_s,
    if(closing.2 != '' AND last_ms > closing.1 + 259200000, last_ms, NULL) AS revised_ms,
    multiIf(notEmpty(own_cause.1), own_cause, m.7 != '', k.cause, own_cause) AS cause
FROM
(
    SELECT
        site_id, id AS promise_id, any(hour) AS placed, max(ms) AS last_ms,
        countIf(type = t_made) > 0 AS is_made,
        countIf(startsWith(type, 'moments.promise.') OR startsWith(type, 'moments.stage.')) > 0 AS is_told,
        argMinIf(tuple(ms, code, department, seconds, to_ms, visit_id, case_id, channel), told, type = t_made) AS m,
        argMinIf(tuple(stages_stage, stages_department, stages_group, stages_budget), told, type = t_made) AS plan,
        argMinIf(tuple(ms, type, actor, event_id, source), told, type IN (t_fulfilled, t_cancelled)) AS closing,
        argMaxIf(tuple(split_department, split_share), told, notEmpty(split_department)) AS own_cause
    FROM $scratch.work
    WHERE kind = 'promise'
    GROUP BY site_id, id
) AS p
LEFT JOIN $scratch.cases AS k ON k.site_id = p.site_id AND k.case_id = p.m.7
