-- needs: promise_key
INSERT INTO $gen.promises
    (site_id, placed, promise_id, version, alive, visit_id, case_id, kind, made_by, channel, business_date, hour, state, made_at, due_at,
     closed_at, revised_at, window_s, budget_s, elapsed_s, slack_s, late_s, overrun_s, credit_s, absorbed_s, over_promise_s, slack_rescue_s,
     stages.stage, stages.department, stages.group_name, stages.budget_s, stages.actual_s, stages.overrun_s, stages.credit_s, stages.share,
     stages.late_s, stages.hidden_s, stages.rescue_s,
     ledger.department, ledger.equivalents, ledger.late_s, ledger.hidden_s, ledger.rescue_s, ledger.over_promise_s)
SELECT
    k.site_id, k.hour, k.promise_id, $version, p.state != '', p.visit_id, p.case_id, p.promise_kind, p.made_by,
    if(p.own_channel != '', p.own_channel, v.visit_channel),
    if(made, toDate(p.day), toDate(0)), if(made, toDateTime(p.hour_s, 'UTC'), toDateTime(0, 'UTC')), p.state,
    if(made, fromUnixTimestamp64Milli(p.made_ms, 'UTC'), NULL), if(made, fromUnixTimestamp64Milli(p.due_ms, 'UTC'), NULL),
    if(closed, fromUnixTimestamp64Milli(p.closed_ms, 'UTC'), NULL), fromUnixTimestamp64Milli(p.revised_ms, 'UTC'),
    if(made, p.window_s, NULL), if(made, if(p.fulfilled, t.budget_s, p.plan_budget_s), NULL), if(p.fulfilled, p.elapsed_s, NULL), if(p.fulfilled, t.slack_s, NULL),
    if(p.fulfilled, t.late_s, NULL), if(p.fulfilled, s.overruns_s, NULL), if(p.fulfilled, s.credits_s, NULL),
    if(p.fulfilled, least(s.overruns_s, s.credits_s + t.slack_s), NULL), if(p.fulfilled, t.over_promise_s, NULL),
    if(p.fulfilled, if(s.credits_s + t.slack_s > 0, least(s.overruns_s, s.credits_s + t.slack_s) * t.slack_s / (s.credits_s + t.slack_s), 0), NULL),
    arrayMap(x -> x.2, s.told), arrayMap(x -> x.3, s.told), arrayMap(x -> x.4, s.told), arrayMap(x -> x.5, s.told), arrayMap(x -> x.6, s.told),
    arrayMap(x -> x.7, s.told), arrayMap(x -> x.8, s.told), arrayMap(x -> x.9, s.told), arrayMap(x -> x.10, s.told), arrayMap(x -> x.11, s.told),
    arrayMap(x -> x.12, s.told),
    arrayMap(x -> x.1, l.owned), arrayMap(x -> x.2, l.owned), arrayMap(x -> x.3, l.owned), arrayMap(x -> x.4, l.owned),
    arrayMap(x -> x.5, l.owned), arrayMap(x -> x.6, l.owned)
FROM (SELECT hour, site_id, id AS promise_id FROM $scratch.keys WHERE kind = 'promise') AS k
LEFT JOIN (SELECT *, state NOT IN ('', 'waiting') AS made, closed_id != '' AS closed FROM $scratch.planned) AS p
    ON p.site_id = k.site_id AND p.promise_id = k.promise_id
LEFT JOIN $scratch.totals AS t ON t.site_id = k.site_id AND t.promise_id = k.promise_id
LEFT JOIN
(
    SELECT
        site_id, promise_id, any(overruns_s) AS overruns_s, any(credits_s) AS credits_s,
        arraySort(x -> (x.1, x.2, x.3), groupArray(tuple(ordinal, stage, department, group_name, toInt64(budget_s), toFloat64(actual_s), toFloat64(overrun_s),
            toFloat64(credit_s), share, line_late_s, hidden_s, rescue_s))) AS told
    FROM $scratch.shared_lines
    GROUP BY site_id, promise_id
) AS s ON s.site_id = k.site_id AND s.promise_id = k.promise_id
LEFT JOIN
(
    SELECT
        site_id, promise_id,
        arraySort(x -> x.1, groupArray(tuple(department, equivalents, late_s, hidden_s, rescue_s, toFloat64(over_promise_s)))) AS owned
    FROM $scratch.promise_ledgers
    GROUP BY site_id, promise_id
) AS l ON l.site_id = k.site_id AND l.promise_id = k.promise_id
LEFT JOIN $scratch.visit_channels AS v ON v.site_id = k.site_id AND v.visit_id = p.visit_id
