-- Points with Laney's limits: the binomial spread of each day's n, widened by how much the days differ beyond it.
SELECT
    @{keys}time, value, n, centre,
    greatest(0., centre - 3 * greatest(1., sigma_z) * sigma) AS lower,
    least(1., centre + 3 * greatest(1., sigma_z) * sigma) AS upper
FROM
(
    SELECT
        @{keys}time, value, n, centre, sigma,
        if(centre <= 0 OR centre >= 1, 1., avgIf(abs(z - previous), place > 1) OVER (@{part}) / 1.128) AS sigma_z,
        count() OVER (@{part}) AS points
    FROM
    (
        SELECT
            *,
            row_number() OVER (@{part} ORDER BY time) AS place,
            lagInFrame(z, 1, z) OVER (@{part} ORDER BY time ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS previous
        FROM
        (
            SELECT *, sqrt(centre * (1 - centre) / n) AS sigma, if(sigma = 0, 0., (value - centre) / sigma) AS z
            FROM
            (
                SELECT @{keys}time, x / d AS value, d AS n, sum(x) OVER (@{part}) / sum(d) OVER (@{part}) AS centre
                FROM
                (
@{sums}
                ) AS sums
                WHERE d > 0
            ) AS days
        ) AS scored
    ) AS placed
) AS spread
WHERE points > 1
