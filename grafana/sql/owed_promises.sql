-- Promises in which the department owns, hid or rescued something, the greatest part first: the rows behind its figures.
SELECT
    facts.site_id AS site_id, facts.promise_id AS promise_id, facts.kind AS kind,
    if(kinds.@{title} = '', facts.kind, kinds.@{title}) AS kind_title, facts.state AS state, facts.hour AS hour,
    facts.equivalents AS equivalents, facts.late_s AS late_s, facts.hidden_s AS hidden_s, facts.rescue_s AS rescue_s
@{from_}
LEFT JOIN moments.moment_types AS kinds ON kinds.code = facts.kind
@{where}
ORDER BY equivalents DESC, late_s DESC, hidden_s DESC, site_id, promise_id
LIMIT 100
