-- moments: those of visits, told or derived from a fulfilled promise whose visit has none of its own for it (section 3, R16), with
-- the promise and the cause that speak for them (R17).
WITH 'moments.moment.occurred' AS t_moment
SELECT
    x.site_id AS site_id, x.visit_id AS visit_id, x.ms AS ms, x.event_id AS event_id, x.source AS source, x.moment AS moment,
    x.moment_id AS moment_id, x.promise_id AS promise_id, x.outcome AS outcome, x.maker AS maker, x.derived AS derived,
    x.channel AS channel,
    transform(x.outcome, ['failed', 'below', 'met', 'exceeded', 'wow'], [0, 50, 75, 90, 100], 0) AS score,
    p.state = 'late' AS has_stages,
    multiIf(notEmpty(mc.cause.1), mc.cause, notEmpty(pc.own_cause.1), pc.own_cause, notEmpty(cc.cause.1), cc.cause, pk.cause) AS cause
FROM
(
    SELECT
        site_id, id AS visit_id, ms, event_id, source, code AS moment, moment_id, promise_id, case_id, outcome, actor AS maker, 0 AS derived,
        channel, if(moment_id != '', moment_id, event_id) AS named
    FROM $scratch.work
    WHERE kind = 'visit' AND type = t_moment
    UNION ALL
    SELECT
        site_id, visit_id, closed_ms, closed_id, closed_source, promise_kind, '', promise_id, '',
        multiIf(5 * elapsed_s <= 4 * window_s, 'exceeded', elapsed_s <= window_s, 'met', 4 * elapsed_s <= 5 * window_s, 'below', 'failed'),
        '', 1, own_channel, closed_id
    FROM $scratch.planned
    WHERE fulfilled AND visit_id != ''
        AND (site_id, visit_id, promise_id) NOT IN (
            SELECT site_id, id, promise_id FROM $scratch.work WHERE kind = 'visit' AND type = t_moment AND promise_id != '')
) AS x
LEFT JOIN $scratch.planned AS p ON p.site_id = x.site_id AND p.promise_id = x.promise_id
LEFT JOIN $scratch.promise_causes AS pc ON pc.site_id = x.site_id AND pc.promise_id = x.promise_id
LEFT JOIN $scratch.moment_causes AS mc ON mc.site_id = x.site_id AND mc.moment_id = x.named
LEFT JOIN $scratch.cases AS cc ON cc.site_id = x.site_id AND cc.case_id = x.case_id
LEFT JOIN $scratch.cases AS pk ON pk.site_id = x.site_id AND pk.case_id = p.case_id
