-- visit_facts: visits that exist (R21), with their day, hour and channel (R15), score, ledger and moments.
SELECT
    v.site_id AS site_id, v.visit_id AS visit_id, v.channel AS channel, v.dated_ms AS dated_ms, v.started_ms AS started_ms, v.ended_ms AS ended_ms, v.last_ms AS last_ms,
    toInt32(floor((intDiv(v.dated_ms, 1000) + cal.offset_s - cal.day_start_s) / 86400)) AS day,
    intDiv(v.dated_ms, 1000) - positiveModulo(intDiv(v.dated_ms, 1000) + cal.offset_s, 3600) AS hour_s,
    v.ves AS ves, v.last_score AS last_score, v.wow AS wow, v.spoil_n AS spoil_n, v.spoilt AS spoilt, v.save_n AS save_n, v.saved AS saved, v.above AS above,
    v.told AS told, v.debit AS debit, v.credit AS credit
FROM
(
    SELECT
        k.site_id AS site_id, k.visit_id AS visit_id, c.visit_channel AS channel,
        multiIf(b.is_started, b.start.1, m.n > 0, m.first_ms, b.ended_ms) AS dated_ms,
        if(b.is_started, b.start.1, NULL) AS started_ms,
        if(b.is_ended, b.ended_ms, NULL) AS ended_ms,
        greatest(dated_ms, if(b.is_ended, b.ended_ms, 0), if(m.n > 0, m.last_ms, 0)) AS last_ms,
        if(m.n > 0, m.ves, NULL) AS ves,
        if(m.n > 0, m.last_score, NULL) AS last_score,
        m.wow OR b.wow_delivered AS wow,
        m.n >= 2 AND m.earlier_min >= 75 AS spoil_n,
        spoil_n AND m.last_score < 75 AS spoilt,
        m.n >= 2 AND m.earlier_min < 75 AS save_n,
        save_n AND m.last_score >= 90 AS saved,
        m.above AS above, m.told AS told, m.debit AS debit, m.credit AS credit
    FROM (SELECT site_id, id AS visit_id FROM $scratch.keys WHERE kind = 'visit') AS k
    LEFT JOIN $scratch.visit_bases AS b ON b.site_id = k.site_id AND b.visit_id = k.visit_id
    LEFT JOIN $scratch.visit_channels AS c ON c.site_id = k.site_id AND c.visit_id = k.visit_id
    LEFT JOIN
    (
        SELECT
            site_id, visit_id, count() AS n, min(ms) AS first_ms, max(ms) AS last_ms, sum(share * score) AS ves,
            anyIf(score, position = moments) AS last_score, max(outcome = 'wow') AS wow, minIf(score, position < moments) AS earlier_min,
            countIf(score >= 75) AS above, sum(debit) AS debit, sum(credit) AS credit,
            arraySort(x -> x.1, groupArray(tuple(toUInt32(position), moment, moment_id, promise_id, ms, outcome, score, share, derived, basis, maker))) AS told
        FROM $scratch.scored_moments
        GROUP BY site_id, visit_id
    ) AS m ON m.site_id = k.site_id AND m.visit_id = k.visit_id
    WHERE b.is_started OR b.is_ended OR m.n > 0
) AS v
ASOF LEFT JOIN $scratch.calendar AS cal ON cal.site_id = v.site_id AND intDiv(v.dated_ms, 1000) >= cal.from_s
