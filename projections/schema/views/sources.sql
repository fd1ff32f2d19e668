-- Per site and source: its last event, and up to when it is complete (the last event before its first gap in `sequence`).
-- A source that reports for sites of several feed partitions is merged over them: numbers in order, the first one missing is the gap.
CREATE OR REPLACE VIEW $public.sources AS
SELECT
    site_id, source, fromUnixTimestamp64Milli(max(at_ms), 'UTC') AS last_at, any(missing) AS gap,
    fromUnixTimestamp64Milli(any(if(missing, least(before_ms, latest_ms), latest_ms)), 'UTC') AS complete_until
FROM
(
    SELECT
        source, groupArrayArray(sites) AS all_sites, groupArrayArray(last_ms) AS all_last, arrayMax(all_last) AS latest_ms,
        arraySort(groupArrayArray(arrayZip(lo, hi, hi_ms))) AS runs,
        -- (greatest number without a gap before it, its time, whether a gap has come)
        arrayFold(
            (seen, run) -> if(seen.3 = 1 OR run.2 <= seen.1, seen, if(run.1 > seen.1 + 1, (seen.1, seen.2, toUInt8(1)), (run.2, run.3, toUInt8(0)))),
            runs, if(empty(runs), (toInt64(0), toInt64(0), toUInt8(0)), (runs[1].2, runs[1].3, toUInt8(0)))) AS walked,
        walked.2 AS before_ms, walked.3 AS missing
    FROM $gen.sources FINAL
    GROUP BY source
)
ARRAY JOIN all_sites AS site_id, all_last AS at_ms
GROUP BY site_id, source
