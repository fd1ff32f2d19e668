-- needs: case
-- cases: the visit a case stands for (R14) and the latest root cause that names it (R17).
WITH tuple(ms, event_id, source) AS told
SELECT
    site_id,
    id AS case_id,
    argMinIf(visit_id, told, type = 'moments.failure.reported' AND visit_id != '') AS case_visit,
    argMaxIf(tuple(split_department, split_share), told, notEmpty(split_department)) AS cause
FROM $scratch.work
WHERE kind = 'case'
GROUP BY site_id, id
