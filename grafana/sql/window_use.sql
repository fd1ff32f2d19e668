-- How much of its window a fulfilled promise used, in fifths, by business day: the pile beyond 100 % is late.
-- The data source sorts labels as texts: the space in front keeps the smaller ones below.
SELECT
    time, [' 0–20 %', ' 20–40 %', ' 40–60 %', ' 60–80 %', ' 80–100 %', '100–120 %', '120–150 %', '> 150 %'][bucket] AS used, toFloat64(count()) AS promises
FROM
(
    SELECT
        toDateTime(facts.business_date, 'UTC') AS time, assumeNotNull(facts.elapsed_s) / greatest(1, assumeNotNull(facts.window_s)) AS part,
        multiIf(part <= 0.2, 1, part <= 0.4, 2, part <= 0.6, 3, part <= 0.8, 4, part <= 1, 5, part <= 1.2, 6, part <= 1.5, 7, 8) AS bucket
    @{from_}
    @{where}
) AS used
GROUP BY time, bucket
ORDER BY time, bucket
