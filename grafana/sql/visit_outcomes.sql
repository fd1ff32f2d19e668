-- What the customer said or was paid afterwards, and who owns it.
SELECT
    facts.at AS at, facts.kind AS kind, facts.outcome AS outcome, facts.score AS score, facts.amount AS amount, toString(facts.currency) AS currency,
    arrayStringConcat(arrayMap(owned -> concat(owned.1, ': ', toString(round(owned.2, 3))), owners.owners), ', ') AS owned_by
FROM moments.outcomes AS facts
LEFT JOIN
(
    SELECT site_id, source, event_id, arraySort(groupArray((toString(department), quantity))) AS owners
    FROM moments.outcome_ledger
    WHERE site_id IN (${site:sqlstring})
    GROUP BY site_id, source, event_id
) AS owners ON owners.site_id = facts.site_id AND owners.source = facts.source AND owners.event_id = facts.event_id
WHERE facts.visit_id = ${visit:sqlstring} AND facts.site_id IN (${site:sqlstring})
ORDER BY at
