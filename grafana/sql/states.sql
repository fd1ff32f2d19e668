-- A judgement per site and business day as a number: 3 at standard, 2 warning, 1 critical, 0 too few to judge.
SELECT time, site_id, state
FROM
(
    SELECT time, site_id, transform(judgement, ['ok', 'plain', 'warning', 'critical', 'few'], [3, 3, 2, 1, 0], NULL) AS state
    FROM
    (
@{figures}
    ) AS figure
) AS judged
ORDER BY time, site_id
