-- What customers said or were paid: feedback, complaints, reviews, refunds; outcome is empty where nothing has to be owned.
CREATE OR REPLACE VIEW $public.outcomes AS
SELECT
    site_id, source, event_id, kind, outcome, code, score, amount, currency, at, channel, business_date, hour, at AS dated_at, visit_id, case_id
FROM $gen.outcomes FINAL
WHERE alive = 1
