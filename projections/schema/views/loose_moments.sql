-- Moments that belong to no visit.
CREATE OR REPLACE VIEW $public.loose_moments AS
SELECT site_id, source, event_id, moment, outcome, score, at, channel, business_date, hour, at AS dated_at
FROM $gen.loose_moments FINAL
WHERE alive = 1
