-- needs: moment_cause
-- moment_causes: the latest root cause that names a moment (R17).
WITH tuple(ms, event_id, source) AS told
SELECT site_id, id AS moment_id, argMaxIf(tuple(split_department, split_share), told, notEmpty(split_department)) AS cause
FROM $scratch.work
WHERE kind = 'moment'
GROUP BY site_id, id
HAVING notEmpty(cause.1)
