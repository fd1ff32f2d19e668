-- Cases of the last 35 days that are reported and not completed since (or reopened); the last step says who has it.
SELECT
    cases.site_id AS site_id, cases.case_id AS case_id, visit_id, opened, age_h, last_step, cases.owner AS owner,
    if(roles.@{title} = '', cases.owner, roles.@{title}) AS owner_title
FROM
(
    SELECT
        site_id, case_id, any(visit) AS visit_id,
        formatDateTime(min(happened), '%Y-%m-%d %H:%i', @{zone}) AS opened,
        toFloat64(dateDiff('minute', min(happened), $__toTime)) / 60 AS age_h,
        argMax(step, (happened, event_id)) AS last_step,
        argMax(owner, (step IN ('recovery.owned', 'recovery.handed_over'), happened, event_id)) AS owner
    FROM
    (
        SELECT
            site_id, case_id, event_id, visit_id AS visit, time AS happened, replaceOne(type, 'moments.', '') AS step,
            if(step = 'recovery.handed_over', JSONExtractString(data, 'to'), JSONExtractString(data, 'owner')) AS owner
        FROM moments.events
        WHERE site_id IN (${site:sqlstring})
            AND case_id != ''
            AND time >= $__toTime - toIntervalDay(35)
            AND time <= $__toTime
            AND type IN ('moments.failure.reported', 'moments.recovery.owned', 'moments.recovery.handed_over', 'moments.recovery.offered',
                'moments.recovery.accepted', 'moments.recovery.completed', 'moments.recovery.reopened', 'moments.recovery.escalated')
    ) AS steps
    GROUP BY site_id, case_id
    HAVING countIf(step = 'failure.reported') > 0 AND last_step != 'recovery.completed'
) AS cases
LEFT JOIN moments.departments AS roles ON roles.department = cases.owner
ORDER BY age_h DESC, case_id
LIMIT 50
