-- A visit: `dated_at` dates it (its start where that was told, else its first moment, else its end), its score and the sums of its ledgers in points; ves and last_score are null without a moment.
CREATE OR REPLACE VIEW $public.visits AS
SELECT
    site_id, visit_id, channel, business_date, hour, dated_at, started_at, ended_at, toUInt32(length(moments.moment)) AS moments, ves, last_score, wow, spoil_n,
    spoilt, save_n, saved, above, debit, credit
FROM $gen.visits FINAL
WHERE alive = 1
