-- Channels there are facts of; what has none is a choice of its own, or totals would not be whole.
SELECT value, if(value = @{no_channel}, @{without}, transform(value, [@{codes}], [@{titles}], value)) AS text
FROM
(
    SELECT DISTINCT if(channel = '', @{no_channel}, toString(channel)) AS value
    FROM
    (
        SELECT DISTINCT channel FROM moments.visits
        UNION DISTINCT
        SELECT DISTINCT channel FROM moments.promises
        UNION DISTINCT
        SELECT DISTINCT channel FROM moments.outcomes
        UNION DISTINCT
        SELECT DISTINCT channel FROM moments.loose_moments
    ) AS channels
) AS choices
ORDER BY text
