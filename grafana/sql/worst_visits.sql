-- Visits that lost the most, worst first. A row opens the visit.
SELECT
    facts.site_id AS site_id, facts.visit_id AS visit_id, facts.dated_at AS at, facts.channel AS channel,
    if(ways.@{title} = '', facts.channel, ways.@{title}) AS channel_title, facts.ves AS ves, facts.last_score AS last_score, facts.debit AS debit, facts.credit AS credit
@{from_}
LEFT JOIN moments.channels AS ways ON ways.channel = facts.channel
@{where}
ORDER BY debit DESC, site_id, visit_id
LIMIT 50
