"""Who owns detractors, complaints, refunds and one-star reviews: sums of the outcome ledger, as a query
value.
"""

from __future__ import annotations

from dataclasses import dataclass

from projections.scope import Params, Scope, conditions

OUTCOMES = ("detractors", "complaints", "refunds", "one_star")
MONEY = frozenset({"refunds"})
"""Outcomes whose quantity is an amount, kept apart by currency; the others count one an event."""


@dataclass(frozen=True, slots=True)
class OutcomeSharesQuery:
    """Quantities of several outcomes by currency and department."""

    outcomes: tuple[str, ...]
    scope: Scope

    def to_sql(self) -> tuple[str, Params]:
        """Columns: outcome, currency, department, quantity."""
        where, params = conditions(self.scope, "ledger", departments=True)
        where.append("ledger.outcome IN {outcomes:Array(String)}")
        params["outcomes"] = list(self.outcomes)
        source = "FROM moments.outcome_ledger AS ledger"
        if self.scope.regions:
            source += "\nINNER JOIN moments.sites AS places ON places.site_id = ledger.site_id"
            where += [
                "ledger.business_date >= places.valid_from",
                "ledger.business_date < places.valid_to",
                "places.region IN {regions:Array(String)}",
            ]
            params["regions"] = list(self.scope.regions)
        keys = "outcome, currency, department"
        return (
            "SELECT ledger.outcome AS outcome, ledger.currency AS currency,\n"
            "    ledger.department AS department,\n"
            "    sum(ledger.quantity) AS quantity\n"
            f"{source}\n"
            "WHERE " + "\n    AND ".join(where) + "\n"
            f"GROUP BY {keys}\nORDER BY {keys}"
        ), params
