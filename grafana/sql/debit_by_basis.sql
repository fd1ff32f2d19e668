-- Debit points by the evidence that says whose they are; what rests on the default split is nobody's proof.
SELECT facts.basis AS basis, sum(facts.debit) AS debit
@{from_}
@{where}
GROUP BY basis
HAVING debit > 0
ORDER BY debit DESC
