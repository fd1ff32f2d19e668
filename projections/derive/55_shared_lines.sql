-- needs: fulfilled
-- shared_lines: lines with their share of lateness, late and hidden seconds, and rescue (section 4: share = u/U, A = L·u/U, h = u − A,
-- g = M·c/(C+s)).
SELECT
    l.site_id AS site_id, l.promise_id AS promise_id, l.ordinal AS ordinal, l.stage AS stage, l.department AS department,
    l.group_name AS group_name, l.budget_s AS budget_s, l.actual_s AS actual_s, l.overrun_s AS overrun_s, l.credit_s AS credit_s,
    w.overruns_s AS overruns_s, w.credits_s AS credits_s, t.late_s AS late_s, t.slack_s AS slack_s,
    least(overruns_s, credits_s + slack_s) AS absorbed_s,
    if(late_s > 0, overrun_s / overruns_s, 0) AS share,
    if(late_s > 0, late_s * overrun_s / overruns_s, 0) AS line_late_s,
    overrun_s - line_late_s AS hidden_s,
    if(credits_s + slack_s > 0, absorbed_s * credit_s / (credits_s + slack_s), 0) AS rescue_s
FROM $scratch.lines AS l
INNER JOIN (SELECT site_id, promise_id, sum(overrun_s) AS overruns_s, sum(credit_s) AS credits_s FROM $scratch.lines GROUP BY site_id, promise_id) AS w
    USING (site_id, promise_id)
INNER JOIN $scratch.totals AS t USING (site_id, promise_id)
