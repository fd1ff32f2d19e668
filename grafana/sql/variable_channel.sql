-- Channels there are facts of, by title; what has none is a choice of its own, or totals would not be whole.
SELECT if(code = '', @{no_channel}, code) AS value, multiIf(code = '', @{without}, ways.@{title} = '', code, ways.@{title}) AS text
FROM
(
    SELECT DISTINCT toString(channel) AS code
    FROM
    (
        SELECT DISTINCT channel FROM moments.visits
        UNION DISTINCT
        SELECT DISTINCT channel FROM moments.promises
        UNION DISTINCT
        SELECT DISTINCT channel FROM moments.outcomes
        UNION DISTINCT
        SELECT DISTINCT channel FROM moments.loose_moments
    ) AS found
) AS choices
LEFT JOIN moments.channels AS ways ON ways.channel = choices.code
ORDER BY text
