-- One visit: its score and its two ledgers.
SELECT
    site_id, visit_id, facts.channel AS channel, if(ways.@{title} = '', facts.channel, ways.@{title}) AS channel_title, started_at, ended_at,
    toFloat64(moments) AS moments, ves, last_score, debit, credit, toFloat64(wow) AS wow
FROM moments.visits AS facts
LEFT JOIN moments.channels AS ways ON ways.channel = facts.channel
WHERE visit_id = ${visit:sqlstring} AND site_id IN (${site:sqlstring})
LIMIT 1
