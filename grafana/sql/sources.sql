-- Every source: when it was last heard, up to when it is complete, whether its numbering has a gap.
SELECT
    site_id, source, last_at, complete_until, toFloat64(dateDiff('second', last_at, $__toTime)) / 3600 AS silent_h,
    multiIf(gap = 1, 'gap', last_at < $__toTime - toIntervalDay(7), 'silent', 'heard') AS health
FROM moments.sources
WHERE site_id IN (${site:sqlstring})
ORDER BY health = 'heard', silent_h DESC, site_id, source
LIMIT 200
