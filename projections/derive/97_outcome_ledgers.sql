-- needs: outcome
-- outcome_ledgers: each outcome in proportion to the visit's debit; without a visit or a debit it stays unexplained (section 3, R19).
SELECT site_id, event_id, source, groupArray(department) AS departments, groupArray(quantity) AS quantities
FROM
(
    SELECT
        o.site_id AS site_id, o.event_id AS event_id, o.source AS source, if(d.owed > 0, d.department, 'unexplained') AS department,
        if(d.owed > 0, o.units * d.owed / d.whole, o.units) AS quantity
    FROM (SELECT * FROM $scratch.outcome_facts WHERE outcome != '') AS o
    LEFT JOIN
    (
        SELECT site_id, visit_id, department, sum(debit) AS owed, sum(owed) OVER (PARTITION BY site_id, visit_id) AS whole
        FROM $scratch.visit_ledgers
        GROUP BY site_id, visit_id, department
        HAVING owed > 0
    ) AS d ON d.site_id = o.site_id AND d.visit_id = o.visit_id
)
GROUP BY site_id, event_id, source
