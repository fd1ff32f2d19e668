-- weighed_moments: moments in order, with the weight in force on their own business day and their position in the visit (section 3, R20).
SELECT
    site_id, visit_id, ms, event_id, source, moment, moment_id, promise_id, outcome, maker, derived, score, has_stages, cause,
    position, moments,
    weight * multiIf(position = moments, last, position = 1, first, toFloat64(1)) AS raw_weight,
    default_split
FROM
(
    SELECT
        z.*, w.weight AS weight, mu.first AS first, mu.last AS last, tuple(s.department, s.share) AS default_split,
        row_number() OVER (PARTITION BY z.site_id, z.visit_id ORDER BY z.ms, z.event_id, z.source, z.derived, z.promise_id) AS position,
        count() OVER (PARTITION BY z.site_id, z.visit_id) AS moments
    FROM
    (
        SELECT
            m.*,
            toInt32(floor((intDiv(m.ms, 1000) + cal.offset_s - cal.day_start_s) / 86400)) AS day,
            if((m.site_id, m.moment) IN (SELECT scope, code FROM $scratch.weights WHERE scope != ''), m.site_id, '') AS weight_scope,
            if((m.site_id, m.moment) IN (SELECT scope, code FROM $scratch.splits WHERE scope != ''), m.site_id, '') AS split_scope,
            if(m.site_id IN (SELECT scope FROM $scratch.multipliers WHERE scope != ''), m.site_id, '') AS multiplier_scope,
            '' AS no_code
        FROM $scratch.moments AS m
        ASOF LEFT JOIN $scratch.calendar AS cal ON cal.site_id = m.site_id AND intDiv(m.ms, 1000) >= cal.from_s
    ) AS z
    ASOF LEFT JOIN $scratch.weights AS w ON w.scope = z.weight_scope AND w.code = z.moment AND z.day >= w.from_day
    ASOF LEFT JOIN $scratch.splits AS s ON s.scope = z.split_scope AND s.code = z.moment AND z.day >= s.from_day
    ASOF LEFT JOIN $scratch.multipliers AS mu ON mu.scope = z.multiplier_scope AND mu.code = z.no_code AND z.day >= mu.from_day
)
