-- Complaints, bad reviews, detractors and refunds, newest first. A row opens the visit behind it.
SELECT
    facts.at AS at, facts.site_id AS site_id, facts.kind AS kind, facts.outcome AS outcome, facts.score AS score, facts.amount AS amount,
    toString(facts.currency) AS currency, facts.visit_id AS visit_id, facts.case_id AS case_id
@{from_}
@{where}
ORDER BY at DESC, site_id, event_id
LIMIT 100
