-- One visit: its score and its two ledgers.
SELECT site_id, visit_id, channel, started_at, ended_at, toFloat64(moments) AS moments, ves, last_score, debit, credit, toFloat64(wow) AS wow
FROM moments.visits
WHERE visit_id = ${visit:sqlstring} AND site_id IN (${site:sqlstring})
LIMIT 1
