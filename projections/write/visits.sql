-- needs: visit_key
INSERT INTO $gen.visits
    (site_id, placed, visit_id, version, alive, channel, business_date, hour, dated_at, started_at, ended_at, last_at, ves, last_score, wow, spoil_n,
     spoilt, save_n, saved, above, debit, credit,
     moments.moment, moments.moment_id, moments.promise_id, moments.at_ms, moments.outcome, moments.score, moments.weight, moments.position,
     moments.derived, moments.basis, moments.made_by,
     ledger.department, ledger.basis, ledger.debit, ledger.credit)
SELECT
    k.site_id, k.hour, k.visit_id, $version, v.site_id != '', v.channel, if(v.site_id != '', toDate(v.day), toDate(0)), toDateTime(v.hour_s, 'UTC'),
    fromUnixTimestamp64Milli(v.dated_ms, 'UTC'), fromUnixTimestamp64Milli(v.started_ms, 'UTC'), fromUnixTimestamp64Milli(v.ended_ms, 'UTC'),
    fromUnixTimestamp64Milli(v.last_ms, 'UTC'), v.ves, v.last_score, v.wow, v.spoil_n, v.spoilt, v.save_n, v.saved, v.above, v.debit, v.credit,
    arrayMap(x -> x.2, v.told), arrayMap(x -> x.3, v.told), arrayMap(x -> x.4, v.told), arrayMap(x -> x.5, v.told), arrayMap(x -> x.6, v.told),
    arrayMap(x -> x.7, v.told), arrayMap(x -> x.8, v.told), arrayMap(x -> x.1, v.told), arrayMap(x -> x.9, v.told), arrayMap(x -> x.10, v.told),
    arrayMap(x -> x.11, v.told),
    arrayMap(x -> x.1, l.owned), arrayMap(x -> x.2, l.owned), arrayMap(x -> x.3, l.owned), arrayMap(x -> x.4, l.owned)
FROM (SELECT hour, site_id, id AS visit_id FROM $scratch.keys WHERE kind = 'visit') AS k
LEFT JOIN $scratch.visit_facts AS v ON v.site_id = k.site_id AND v.visit_id = k.visit_id
LEFT JOIN
(
    SELECT site_id, visit_id, arraySort(x -> (x.1, x.2), groupArray(tuple(department, basis, debit, credit))) AS owned
    FROM $scratch.visit_ledgers
    GROUP BY site_id, visit_id
) AS l ON l.site_id = k.site_id AND l.visit_id = k.visit_id
