-- Up to when the figures are complete: the least over the sites of the earliest gap or last event of a source heard in the 7 days
-- before the chain's last event, as `complete_until` of the API. Milliseconds of the epoch.
SELECT toFloat64(toUnixTimestamp64Milli(min(complete_until))) AS complete_until
FROM moments.sources
WHERE source IN (SELECT source FROM moments.sources WHERE last_at >= (SELECT max(last_at) - toIntervalDay(7) FROM moments.sources))
    @{also}
HAVING count() > 0
