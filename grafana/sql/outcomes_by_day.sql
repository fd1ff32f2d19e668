-- What customers said or were paid, by business day and kind.
SELECT toDateTime(facts.business_date, 'UTC') AS time, toString(facts.kind) AS kind, toFloat64(count()) AS events
@{from_}
@{where}
GROUP BY time, kind
ORDER BY time, kind
