-- How answers are spread over the scores: an average hides who is angry.
SELECT concat(leftPad(toString(toUInt8(assumeNotNull(facts.score))), 2, ' ')) AS score, toFloat64(count()) AS answers
@{from_}
@{where}
GROUP BY score
ORDER BY score
