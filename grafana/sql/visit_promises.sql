-- The promises made in it.
SELECT site_id, promise_id, kind, made_by, state, made_at, toFloat64(window_s) AS window_s, toFloat64(elapsed_s) AS elapsed_s, toFloat64(late_s) AS late_s
FROM moments.promises
WHERE visit_id = ${visit:singlequote} AND site_id IN (${site:singlequote})
ORDER BY made_at, promise_id
