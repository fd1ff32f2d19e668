-- scored_moments: the share ω of each moment in its visit, its points under and over the standard, and the evidence that says whose
-- they are: the shares of a late promise (scores below 75 only; a root cause stands in when all of it is unmeasured), else a root
-- cause, else the default split (section 3, R18).
SELECT
    m.site_id AS site_id, m.visit_id AS visit_id, m.ms AS ms, m.event_id AS event_id, m.source AS source, m.moment AS moment, m.moment_id AS moment_id,
    m.promise_id AS promise_id, m.outcome AS outcome, m.maker AS maker, m.derived AS derived, m.score AS score, m.position AS position, m.moments AS moments,
    m.raw_weight / sum(m.raw_weight) OVER (PARTITION BY m.site_id, m.visit_id) AS share,
    share * greatest(0, 75 - m.score) AS debit,
    share * greatest(0, m.score - 75) AS credit,
    m.has_stages AND m.score < 75 AND NOT (notEmpty(m.cause.1) AND l.owners.1 = ['unmeasured']) AS by_stages,
    multiIf(by_stages, 'stage_overrun', notEmpty(m.cause.1), 'root_cause', 'default') AS basis,
    multiIf(by_stages, l.owners, notEmpty(m.cause.1), m.cause, m.default_split) AS split
FROM $scratch.weighed_moments AS m
LEFT JOIN
(
    SELECT site_id, promise_id, tuple(groupArray(department), groupArray(equivalents)) AS owners
    FROM $scratch.promise_ledgers
    WHERE equivalents > 0
    GROUP BY site_id, promise_id
) AS l ON l.site_id = m.site_id AND l.promise_id = m.promise_id
