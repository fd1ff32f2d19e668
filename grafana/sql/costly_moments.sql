-- Moments by what they cost: points lost against the standard, how often, and how many met it.
SELECT
    facts.moment AS moment, any(if(kinds.@{title} = '', facts.moment, kinds.@{title})) AS moment_title, any(kinds.ring) AS ring,
    toFloat64(count()) AS n, countIf(facts.score >= 75) / count() AS at_standard,
    sum(facts.weight * greatest(0, 75 - toFloat64(facts.score))) AS debit, sum(facts.weight * greatest(0, toFloat64(facts.score) - 75)) AS credit
@{from_}
LEFT JOIN moments.moment_types AS kinds ON kinds.code = facts.moment
@{where}
GROUP BY moment
ORDER BY debit DESC, moment
LIMIT 40
