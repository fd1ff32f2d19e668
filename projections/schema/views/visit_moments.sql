-- The moments of a visit in order, each at its own instant, dated as their visit, with their share of its score and the evidence that says whose they are.
CREATE OR REPLACE VIEW $public.visit_moments AS
SELECT
    site_id, visit_id, channel, business_date, hour, dated_at, moments.position AS position, moments.moment AS moment, moments.moment_id AS moment_id,
    moments.promise_id AS promise_id, fromUnixTimestamp64Milli(moments.at_ms, 'UTC') AS at, moments.outcome AS outcome, moments.score AS score,
    moments.weight AS weight, moments.derived AS derived, moments.basis AS basis, moments.made_by AS made_by
FROM $gen.visits FINAL
ARRAY JOIN moments.moment, moments.moment_id, moments.promise_id, moments.at_ms, moments.outcome, moments.score, moments.weight, moments.position,
    moments.derived, moments.basis, moments.made_by
WHERE alive = 1
