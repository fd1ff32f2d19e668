-- needs: outcome
-- outcome_facts: what customers said or were paid, at its own day and hour, with the visit it belongs to (R14, R15, R19).
WITH 'moments.feedback.given' AS t_feedback
SELECT
    o.site_id AS site_id, o.event_id AS event_id, o.source AS source, o.placed AS placed, o.what AS what, o.code AS code, o.score AS score, o.amount AS amount,
    o.currency AS currency, o.ms AS ms, o.visit_id AS visit_id, o.case_id AS case_id,
    if(o.channel != '', o.channel, b.visit_channel) AS channel,
    multiIf(o.what = 'nps' AND o.score <= 6, 'detractors', o.what = 'complaint', 'complaints', o.what = 'refund_paid', 'refunds',
        o.what = 'review' AND o.score = 1, 'one_star', '') AS outcome,
    if(outcome = 'refunds', ifNull(o.amount, 0), 1) AS units,
    toInt32(floor((intDiv(o.ms, 1000) + cal.offset_s - cal.day_start_s) / 86400)) AS day,
    intDiv(o.ms, 1000) - positiveModulo(intDiv(o.ms, 1000) + cal.offset_s, 3600) AS hour_s
FROM
(
    SELECT
        w.site_id AS site_id, w.event_id AS event_id, w.source AS source, w.hour AS placed, w.ms AS ms, w.case_id AS case_id, w.channel AS channel,
        w.currency AS currency,
        multiIf(w.type = t_feedback, w.code, w.type = 'moments.complaint.made', 'complaint', w.type = 'moments.review.posted', 'review',
            w.type = 'moments.refund.paid', 'refund_paid', 'refund_requested') AS what,
        if(w.type = t_feedback, '', w.code) AS code,
        if(w.type IN (t_feedback, 'moments.review.posted'), w.amount, NULL) AS score,
        if(w.type IN ('moments.refund.paid', 'moments.refund.requested'), w.amount, NULL) AS amount,
        if(w.visit_id != '' OR w.type IN (t_feedback, 'moments.review.posted'), w.visit_id, k.case_visit) AS visit_id
    FROM (SELECT * FROM $scratch.work WHERE kind = 'outcome') AS w
    LEFT JOIN $scratch.cases AS k ON k.site_id = w.site_id AND k.case_id = w.case_id
) AS o
LEFT JOIN $scratch.visit_channels AS b ON b.site_id = o.site_id AND b.visit_id = o.visit_id
ASOF LEFT JOIN $scratch.calendar AS cal ON cal.site_id = o.site_id AND intDiv(o.ms, 1000) >= cal.from_s
