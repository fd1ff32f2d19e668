-- needs: promise
-- planned: promises with their business day and hour (R15) and the whole declared plan, the budget in force where none was declared (R20).
-- B of the plan: every stage on its own, of a join its largest branch: the last of its name in order.
WITH arraySort(arrayZip(arrayMap((stage, join) -> if(join != '', concat('join ', join), concat('stage ', stage)), plan.1, plan.3), plan.4)) AS branches
SELECT
    d.site_id AS site_id, d.promise_id AS promise_id, d.placed AS placed, d.made_ms AS made_ms, d.made_s AS made_s,
    d.promise_kind AS promise_kind, d.made_by AS made_by, d.window_s AS window_s, d.due_ms AS due_ms, d.visit_id AS visit_id,
    d.case_id AS case_id, d.own_channel AS own_channel, d.closed_ms AS closed_ms, d.closed_s AS closed_s, d.closed_id AS closed_id,
    d.closed_source AS closed_source, d.state AS state, d.fulfilled AS fulfilled, d.elapsed_s AS elapsed_s, d.revised_ms AS revised_ms,
    d.cause AS cause, d.day AS day, d.hour_s AS hour_s,
    if(notEmpty(d.plan.1), d.plan, tuple(b.stage, b.department, b.group_name, b.budget)) AS plan,
    arraySum((branch, next) -> if(branch.1 = next.1, 0, branch.2), branches, arrayShiftLeft(branches, 1)) AS plan_budget_s
FROM
(
    SELECT
        m.*,
        toInt32(floor((m.made_s + cal.offset_s - cal.day_start_s) / 86400)) AS day,
        m.made_s - positiveModulo(m.made_s + cal.offset_s, 3600) AS hour_s,
        if((m.site_id, m.promise_kind) IN (SELECT scope, code FROM $scratch.budgets WHERE scope != ''), m.site_id, '') AS scope
    FROM $scratch.made AS m
    ASOF LEFT JOIN $scratch.calendar AS cal ON cal.site_id = m.site_id AND m.made_s >= cal.from_s
) AS d
ASOF LEFT JOIN $scratch.budgets AS b ON b.scope = d.scope AND b.code = d.promise_kind AND d.day >= b.from_day
