-- The events it is derived from, as they were told.
SELECT time, replaceOne(type, 'moments.', '') AS event, stage, department, source, data
FROM moments.events
WHERE promise_id = ${promise:sqlstring} AND site_id IN (${site:sqlstring})
ORDER BY time, event_id
LIMIT 200
