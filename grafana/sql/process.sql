-- A process-behaviour chart by business day (docs/domain.md, section 6). Means: XmR, limits from the first 20 points once there are
-- as many. Proportions: Laney's p' over all points, limits of their own for each day, sigma_z at least 1, cut to 0 and 1.
-- `signal` is the value again where the point lies outside.
SELECT time, value, centre, lower, upper, if(value < lower OR value > upper, value, NULL) AS signal, n
FROM
(
@{limits}
) AS chart
ORDER BY time
