-- Promises in which the department owns, hid or rescued something, the greatest part first: the rows behind its figures.
SELECT
    facts.site_id AS site_id, facts.promise_id AS promise_id, facts.kind AS kind, facts.state AS state, facts.hour AS hour,
    facts.equivalents AS equivalents, facts.late_s AS late_s, facts.hidden_s AS hidden_s, facts.rescue_s AS rescue_s
@{from_}
@{where}
ORDER BY equivalents DESC, late_s DESC, hidden_s DESC, site_id, promise_id
LIMIT 100
