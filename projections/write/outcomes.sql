-- needs: outcome
INSERT INTO $gen.outcomes
    (site_id, placed, event_id, source, version, alive, kind, outcome, code, score, amount, currency, at, channel, business_date, hour, visit_id,
     case_id, ledger.department, ledger.quantity)
SELECT
    o.site_id, o.placed, o.event_id, o.source, $version, 1, o.what, o.outcome, o.code, o.score, o.amount, o.currency,
    fromUnixTimestamp64Milli(o.ms, 'UTC'), o.channel, toDate(o.day), toDateTime(o.hour_s, 'UTC'), o.visit_id, o.case_id,
    arrayMap(x -> x.1, owned), arrayMap(x -> x.2, owned)
FROM $scratch.outcome_facts AS o
LEFT JOIN
(
    SELECT site_id, event_id, source, arraySort(x -> x.1, arrayZip(departments, quantities)) AS owned
    FROM $scratch.outcome_ledgers
) AS l ON l.site_id = o.site_id AND l.event_id = o.event_id AND l.source = o.source
