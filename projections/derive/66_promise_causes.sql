-- needs: promise_cause
-- promise_causes: the latest root cause that names a promise, whether or not the promise was ever made (R17).
WITH tuple(ms, event_id, source) AS told
SELECT site_id, id AS promise_id, argMaxIf(tuple(split_department, split_share), told, notEmpty(split_department)) AS own_cause
FROM $scratch.work
WHERE kind = 'promise'
GROUP BY site_id, id
HAVING notEmpty(own_cause.1)
