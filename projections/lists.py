"""Lists of the rows behind a figure: a frozen value in, (text, parameters) out; pages by key, newest
first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from projections.scope import Params, Scope, conditions


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One public view as a list.

    `order` names the columns of the page key, unique together; the first is the time the list runs back in.
    `owing` is a condition on `ledger`, the view that says what a department owes in a row of the same id.
    """

    view: str
    columns: tuple[str, ...]
    order: tuple[str, ...]
    filters: tuple[str, ...]
    id_column: str
    ledger: str = ""
    owing: str = ""
    unless_asked: tuple[str, str] | None = None
    """A filter and the value whose rows are left out until that filter is given."""


PROMISES = Listing(
    view="promises",
    columns=(
        "site_id", "promise_id", "visit_id", "case_id", "kind", "made_by", "channel",
        "business_date", "hour", "state", "made_at", "due_at", "closed_at", "revised_at",
        "window_s", "budget_s", "elapsed_s", "slack_s", "late_s", "overrun_s", "credit_s",
        "absorbed_s", "over_promise_s", "slack_rescue_s",
    ),
    order=("hour", "site_id", "promise_id"),
    filters=("state", "kind", "made_by", "promise_id", "visit_id", "case_id"),
    id_column="promise_id",
    ledger="promise_ledger",
    owing="equivalents > 0",
    unless_asked=("state", "waiting"),
)  # fmt: skip

VISITS = Listing(
    view="visits",
    columns=(
        "site_id", "visit_id", "channel", "business_date", "hour", "started_at", "ended_at", "moments", "ves",
        "last_score", "wow", "spoilt", "saved", "debit", "credit",
    ),
    order=("hour", "site_id", "visit_id"),
    filters=("visit_id",),
    id_column="visit_id",
    ledger="visit_ledger",
    owing="debit > 0",
)  # fmt: skip

EVENTS = Listing(
    view="events",
    columns=(
        "site_id", "source", "event_id", "type", "version", "time", "received_at", "log_no", "position",
        "subject_kind", "subject_id", "sequence", "data",
    ),
    order=("time", "source", "event_id"),
    filters=("type", "source", "event_id", "visit_id", "promise_id", "case_id", "department"),
    id_column="event_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DayStarts:
    """Where a local date begins at each site (UTC ms), for rows that have an instant but no business date."""

    sites: tuple[str, ...]
    starts: tuple[int, ...]
    otherwise: int

    @property
    def least(self) -> int:
        return min((*self.starts, self.otherwise))

    @property
    def greatest(self) -> int:
        return max((*self.starts, self.otherwise))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """One page. `after` is the page key of the last row seen, as text and numbers; ask for one row more than
    shown.
    """

    listing: Listing
    scope: Scope
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    rows: int = 100
    day_from: DayStarts | None = None
    day_to: DayStarts | None = None

    def to_sql(self) -> tuple[str, Params]:
        """Columns: those of the listing, in its order."""
        listing = self.listing
        where, params = conditions(self.scope, "listed", departments=False)
        if listing is EVENTS:
            where, params = self._events_span(where, params)
        for column, values in self.filters.items():
            if column not in listing.filters:
                raise ValueError(f"{listing.view} has no filter {column}")
            where.append(f"listed.{column} IN {{f_{column}:Array(String)}}")
            params[f"f_{column}"] = list(values)
        if listing.unless_asked and listing.unless_asked[0] not in self.filters:
            column, value = listing.unless_asked
            where.append(f"listed.{column} != '{value}'")
        if listing.owing and (self.scope.departments or self.scope.tiers):
            where.append(self._owing(params))
        source = f"FROM moments.{listing.view} AS listed"
        if self.scope.regions:
            source += "\nINNER JOIN moments.sites AS places ON places.site_id = listed.site_id"
            day = "toDate(listed.time)" if listing is EVENTS else "listed.business_date"
            where += [f"{day} >= places.valid_from", f"{day} < places.valid_to"]
            where.append("places.region IN {regions:Array(String)}")
            params["regions"] = list(self.scope.regions)
        if self.after:
            where.append(self._older(params))
        params["rows"] = self.rows
        parts = ["SELECT " + ", ".join(f"listed.{name} AS {name}" for name in listing.columns), source]
        if where:
            parts.append("WHERE " + "\n    AND ".join(where))
        parts.append("ORDER BY " + ", ".join(f"listed.{name} DESC" for name in listing.order))
        parts.append("LIMIT {rows:UInt32}")
        return "\n".join(parts), params

    def _older(self, params: Params) -> str:
        first, *others = self.listing.order
        params |= {f"after_{name}": text for name, text in zip(self.listing.order, self.after, strict=True)}
        start = f"fromUnixTimestamp64Milli({{after_{first}:Int64}}, 'UTC')"
        rest = ", ".join(f"{{after_{name}:String}}" for name in others)
        return f"({', '.join('listed.' + name for name in self.listing.order)}) < ({start}, {rest})"

    def _owing(self, params: Params) -> str:
        """Sites and days are repeated inside, or the ledger of the whole chain would be read."""
        where, more = conditions(self.scope, "ledger", departments=True)
        params |= more
        listing = self.listing
        return (
            f"(listed.site_id, listed.{listing.id_column}) IN (\n"
            f"    SELECT ledger.site_id, ledger.{listing.id_column} FROM moments.{listing.ledger} AS ledger\n"
            f"    WHERE {' AND '.join([*where, f'ledger.{listing.owing}'])})"
        )

    def _events_span(self, where: list[str], params: dict[str, Any]) -> tuple[list[str], Params]:
        """Events have an instant: a local date is that site's own begin of the business day."""
        kept = [item for item in where if ".business_date" not in item and ".dated_at" not in item]
        params.pop("from", None)
        params.pop("to", None)
        span = self.scope.span
        for name, bound, days, sign in (
            ("from", span.start, self.day_from, ">="),
            ("to", span.end, self.day_to, "<"),
        ):
            if isinstance(bound, int):
                kept.append(f"listed.time {sign} fromUnixTimestamp64Milli({{{name}:Int64}}, 'UTC')")
                params[name] = bound
            elif bound is not None:
                assert days is not None, "a local date needs each site's begin of the day"
                coarse = days.least if sign == ">=" else days.greatest
                kept.append(f"listed.time {sign} fromUnixTimestamp64Milli({{{name}:Int64}}, 'UTC')")
                kept.append(
                    f"toUnixTimestamp64Milli(listed.time) {sign} transform(listed.site_id, "
                    f"{{{name}_sites:Array(String)}}, {{{name}_starts:Array(Int64)}}, {{{name}_else:Int64}})"
                )
                params |= {
                    name: coarse,
                    f"{name}_sites": list(days.sites),
                    f"{name}_starts": list(days.starts),
                    f"{name}_else": days.otherwise,
                }
        return kept, params
