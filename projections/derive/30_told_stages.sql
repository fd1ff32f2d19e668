-- needs: fulfilled
-- told_stages: stages of fulfilled promises, declared or reported (R13): what was declared wins, the latest completion counts with its
-- actual_s, else from the earliest start; a completion with neither, or a start without one, is no report.
WITH tuple(ms, event_id, source) AS told
SELECT
    site_id, promise_id, stage,
    max(is_declared) AS declared,
    max(at_least) AS ordinal,
    argMaxIf(tuple(seconds, ms, department, group_name), told, what = 'moments.stage.completed') AS completion,
    countIf(what = 'moments.stage.completed') > 0 AS completed,
    countIf(what = 'moments.stage.started') > 0 AS started,
    minIf(ms, what = 'moments.stage.started') AS started_ms,
    argMinIf(group_name, told, what = 'moments.stage.started' AND group_name != '') AS started_in,
    anyIf(tuple(department, group_name, budget), is_declared) AS plan,
    completed AND (isNotNull(completion.1) OR started) AS reported,
    if(NOT reported, 0, assumeNotNull(coalesce(completion.1, greatest(0, intDiv(completion.2, 1000) - intDiv(started_ms, 1000))))) AS actual_s,
    intDiv(completion.2, 1000) AS completed_s,
    if(declared, plan.1, completion.3) AS owner,
    multiIf(declared, plan.2, completion.4 != '', completion.4, started_in) AS joined,
    if(declared, plan.3, 0) AS budget_s,
    if(joined = '', concat('s', stage), concat('g', joined)) AS node
FROM
(
    SELECT
        site_id, promise_id, plan_stage AS stage, 1 AS is_declared, toUInt32(place) AS at_least, '' AS what, toInt64(0) AS ms,
        '' AS event_id, '' AS source, CAST(NULL AS Nullable(Int64)) AS seconds, plan_department AS department, plan_group AS group_name,
        plan_budget AS budget
    FROM $scratch.planned
    ARRAY JOIN plan.1 AS plan_stage, plan.2 AS plan_department, plan.3 AS plan_group, plan.4 AS plan_budget, arrayEnumerate(plan.1) AS place
    WHERE fulfilled
    UNION ALL
    SELECT
        site_id, id, stage, 0, 0, type, ms, event_id, source, seconds, department, group_name, 0
    FROM $scratch.work
    WHERE kind = 'promise' AND type IN ('moments.stage.started', 'moments.stage.completed')
        AND (site_id, id) IN (SELECT site_id, promise_id FROM $scratch.planned WHERE fulfilled)
)
GROUP BY site_id, promise_id, stage
