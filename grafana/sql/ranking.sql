-- Sites compared fairly by a proportion: beta-binomial shrinkage by moments (docs/domain.md, section 6 and R26), as `rank_fairly`
-- in domain/statistics. From the sites in the scope; nothing proves that they differ where `kappa` is null, and then nobody is ranked.
SELECT
    site_id, site, region, n, raw, lo, hi, shrunk,
    if(kappa IS NULL OR n < 30, NULL, toUInt32(row_number() OVER (PARTITION BY kappa IS NOT NULL AND n >= 30 ORDER BY shrunk DESC, n DESC, site_id))) AS rank,
    multiIf(lo > mean, 'above', hi < mean, 'below', 'middle') AS band,
    if(kappa IS NULL, 'no_evidence', 'differ') AS evidence
FROM
(
    SELECT
        site_id, site, region, n, mean, kappa, x / n AS raw,
        @{lo} AS lo,
        @{hi} AS hi,
        if(kappa IS NULL, mean, (x + assumeNotNull(kappa) * mean) / (n + assumeNotNull(kappa))) AS shrunk
    FROM
    (
        SELECT *, if(tau_squared <= 0, NULL, greatest(0., mean * (1 - mean) / tau_squared - 1)) AS kappa
        FROM
        (
            SELECT
                *,
                if(scale <= 0 OR k < 2, 0., greatest(0., (sum(n * pow(x / n - mean, 2)) OVER () - (k - 1) * mean * (1 - mean)) / scale)) AS tau_squared
            FROM
            (
                SELECT
                    site_id, site, region, x, n,
                    sum(x) OVER () / sum(n) OVER () AS mean,
                    count() OVER () AS k,
                    sum(n) OVER () - sum(n * n) OVER () / sum(n) OVER () - (count() OVER () - 1) AS scale
                FROM
                (
@{counts}
                ) AS counts
                WHERE n > 0
            ) AS pooled
        ) AS spread
    ) AS shrinking
) AS placed
ORDER BY rank IS NULL, rank, site_id
