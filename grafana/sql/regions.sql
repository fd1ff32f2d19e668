-- Regions side by side with interval and n.
SELECT region, value, lo, hi, n, judgement
FROM
(
@{figures}
) AS figure
ORDER BY value IS NULL, value @{worst_first}, region
