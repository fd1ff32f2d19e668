-- Points with Wheeler's limits: centre ± 2.66 mean moving ranges of the baseline.
SELECT @{keys}time, value, n, centre, centre - 2.66 * spread AS lower, centre + 2.66 * spread AS upper
FROM
(
    SELECT
        @{keys}time, value, n,
        avgIf(value, place <= 20) OVER (@{part}) AS centre,
        avgIf(abs(value - previous), place > 1 AND place <= 20) OVER (@{part}) AS spread
    FROM
    (
        SELECT
            @{keys}time, value, n,
            row_number() OVER (@{part} ORDER BY time) AS place,
            lagInFrame(value, 1, value) OVER (@{part} ORDER BY time ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS previous
        FROM
        (
            SELECT @{keys}time, assumeNotNull(value) AS value, n
            FROM
            (
@{figures}
            ) AS figure
            WHERE value IS NOT NULL
        ) AS points
    ) AS placed
) AS based
WHERE isFinite(spread)
