"""What a board's variables and time range mean in SQL: one place, so that every panel of a board counts the
same rows.

The range is that of the API for instants: from (inclusive) to (exclusive), by the instant that dates a
fact. The plugin's `$__timeFilter` would include its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from grafana.sqltext import chosen

RANGE = ("{alias}.dated_at >= $__fromTime", "{alias}.dated_at < $__toTime")

NO_CHANNEL = "-"
"""How a fact without a channel is chosen: an empty value would be lost among a variable's options."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which of the common variables a board has: region (of the site on that day), site, channel,
    department."""

    region: bool = False
    site: bool = False
    channel: bool = False
    department: bool = False

    def where(self, alias: str = "facts", *, range_: bool = True) -> list[str]:
        """Conditions on the columns of a public view; the region is `from_`'s join."""
        conditions = [condition.format(alias=alias) for condition in RANGE] if range_ else []
        if self.site:
            conditions.append(f"{alias}.site_id IN ({chosen('site')})")
        if self.channel:
            conditions.append(
                f"if({alias}.channel = '', '{NO_CHANNEL}', {alias}.channel) IN ({chosen('channel')})"
            )
        if self.region:
            conditions += [
                f"{alias}.business_date >= places.valid_from",
                f"{alias}.business_date < places.valid_to",
                f"places.region IN ({chosen('region')})",
            ]
        return conditions

    def from_(self, view: str, alias: str = "facts", *, placed: bool = False) -> str:
        """FROM clause; `placed` joins the site's row of that day whether or not a region is chosen."""
        text = f"FROM moments.{view} AS {alias}"
        if self.region or placed:
            text += f"\nINNER JOIN moments.sites AS places ON places.site_id = {alias}.site_id"
        return text

    def tail(
        self, alias: str = "facts", *, placed: bool = False, range_: bool = True, also: Iterable[str] = ()
    ) -> str:
        """WHERE clause that goes with `from_`."""
        conditions = [*self.where(alias, range_=range_), *also]
        if placed and not self.region:
            conditions += [
                f"{alias}.business_date >= places.valid_from",
                f"{alias}.business_date < places.valid_to",
            ]
        return "WHERE " + "\n    AND ".join(conditions) if conditions else ""

    def mine(self, alias: str = "facts") -> str:
        """The department that reads its own page."""
        return f"{alias}.department IN ({chosen('department')})"


def sums(
    scope: Scope,
    view: str,
    keys: Mapping[str, str] | None = None,
    *,
    placed: bool = False,
    also: Sequence[str] = (),
) -> str:
    """Sums of a measure's view by keys (name to expression over `facts` and `places`): x, d, size, q.

    Without keys there is always one row, of size 0 when nothing was observed.
    """
    keys = keys or {}
    columns = [f"    {expression} AS {name}" for name, expression in keys.items()]
    columns += [
        "    sum(facts.numerator) AS x",
        "    sum(facts.denominator) AS d",
        "    sum(facts.n) AS size",
        "    sum(facts.squares) AS q",
    ]
    parts = [
        "SELECT\n" + ",\n".join(columns),
        scope.from_(view, placed=placed),
        scope.tail(placed=placed, also=also),
    ]
    if keys:
        parts.append("GROUP BY " + ", ".join(keys))
    return "\n".join(parts)
