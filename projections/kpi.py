"""KPI queries: a frozen value in, (text, parameters) out. No engine is needed to read or test one.

A query has one level, or two when a row's place matters (region, hour label) or its department's tier: the
inner level sums facts by the keys that exist on them, so that the joins of the outer level meet a few
thousand sums instead of millions of facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.measures import Dimension, Measure
from projections.measures import measure_select
from projections.scope import Params, Scope, conditions

SUMS = ("numerator", "denominator", "n", "squares")


class Grain(StrEnum):
    """Length of a period, in the site's own business time."""

    TOTAL = "total"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class ClockPiece:
    """One stretch of constant offset of a time zone, by which hours are labelled."""

    zone: str
    from_s: int
    to_s: int
    offset_s: int


@dataclass(frozen=True, slots=True)
class KpiQuery:
    """One measure, summed by period and dimensions. `rows` bounds the answer; ask for one more to see it
    exceeded.
    """

    measure: Measure
    scope: Scope
    grain: Grain = Grain.TOTAL
    group_by: tuple[Dimension, ...] = ()
    clocks: tuple[ClockPiece, ...] = ()
    rows: int = 100_000

    def to_sql(self) -> tuple[str, Params]:
        """Columns: period, the dimensions asked for in catalogue order, numerator, denominator, n,
        squares.
        """
        where, params = conditions(self.scope, "facts", departments=self._by_department)
        params["rows"] = self.rows
        placed = Dimension.REGION in self.group_by or bool(self.scope.regions) or self.grain is Grain.HOUR
        tiered = Dimension.TIER in self.group_by
        if placed or tiered:
            text = self._two_levels(where, params, placed=placed, tiered=tiered)
        else:
            text = self._one_level(where)
        return text, params

    @property
    def _by_department(self) -> bool:
        split = {Dimension.DEPARTMENT, Dimension.TIER} & set(self.group_by)
        return bool(split or self.scope.departments or self.scope.tiers)

    @property
    def _facts(self) -> str:
        select = measure_select(self.measure.code)
        if not self._by_department:
            return select.whole
        if select.departments is None:
            raise ValueError(f"{self.measure.code} is not shared among departments")
        return select.departments

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """What is grouped by, in the catalogue's order, each once."""
        return tuple(dimension for dimension in Dimension if dimension in self.group_by)

    def _one_level(self, where: list[str]) -> str:
        keys = {"period": _PERIOD[self.grain]("facts")} | {
            dimension.value: _COLUMN[dimension]("facts") for dimension in self.dimensions
        }
        return _select(keys, f"FROM\n(\n{self._facts}\n) AS facts", where, "facts", self._grouped(list(keys)))

    def _two_levels(self, where: list[str], params: Params, *, placed: bool, tiered: bool) -> str:
        inner = {"site_id": "facts.site_id", "business_date": "facts.business_date"} if placed else {}
        if self.grain is Grain.HOUR:
            inner["hour"] = "facts.hour"
        elif self.grain is not Grain.TOTAL:
            inner["business_date"] = "facts.business_date"
        for dimension, column in (
            (Dimension.SITE, "site_id"),
            (Dimension.CHANNEL, "channel"),
            (Dimension.DEPARTMENT, "department"),
        ):
            if dimension in self.group_by or (column == "department" and tiered):
                inner[column] = f"facts.{column}"
        sums = _select(inner, f"FROM\n(\n{self._facts}\n) AS facts", where, "facts", _group(list(inner)))
        source = f"FROM\n(\n{sums}\n) AS sums"
        outer_where: list[str] = []
        if placed:
            source += "\nINNER JOIN moments.sites AS places ON places.site_id = sums.site_id"
            outer_where += ["sums.business_date >= places.valid_from", "sums.business_date < places.valid_to"]
            if self.scope.regions:
                outer_where.append("places.region IN {regions:Array(String)}")
                params["regions"] = list(self.scope.regions)
        if tiered:
            source += "\nINNER JOIN moments.departments AS roles ON roles.department = sums.department"
        if self.grain is Grain.HOUR:
            source += _CLOCKS
            outer_where += ["sums.hour >= clocks.starts", "sums.hour < clocks.ends"]
            params |= {
                "zones": [piece.zone for piece in self.clocks],
                "starts": [piece.from_s for piece in self.clocks],
                "ends": [piece.to_s for piece in self.clocks],
                "offsets": [piece.offset_s for piece in self.clocks],
            }
        keys = {"period": _PERIOD[self.grain]("sums")} | {
            dimension.value: _COLUMN[dimension]("sums") for dimension in self.dimensions
        }
        order = ["any(sums.hour)"] if self.grain is Grain.HOUR else []
        return _select(keys, source, outer_where, "sums", self._grouped(list(keys), order))

    def _grouped(self, keys: list[str], first: list[str] | None = None) -> str:
        """Without a dimension and a grain there is always one row, of n 0 when nothing was observed."""
        limit = "LIMIT {rows:UInt32}"
        if keys == ["period"] and self.grain is Grain.TOTAL:
            return limit
        return f"{_group(keys)}\nORDER BY {', '.join((first or []) + keys)}\n{limit}"


def _select(keys: dict[str, str], source: str, where: list[str], alias: str, tail: str) -> str:
    """Sums are qualified by their source, since an alias of the same name would otherwise be summed again."""
    columns = [f"    {expression} AS {name}" for name, expression in keys.items()]
    columns += [f"    sum({alias}.{name}) AS {name}" for name in SUMS]
    parts = ["SELECT\n" + ",\n".join(columns), source]
    if where:
        parts.append("WHERE " + "\n    AND ".join(where))
    if tail:
        parts.append(tail)
    return "\n".join(parts)


def _group(keys: list[str]) -> str:
    return f"GROUP BY {', '.join(keys)}" if keys else ""


# Offsets of the zones in use, as rows: ClickHouse takes no zone from a column, so the offset is joined.
_CLOCKS = """
INNER JOIN
(
    SELECT zone, toDateTime(start, 'UTC') AS starts, toDateTime(end, 'UTC') AS ends, seconds
    FROM (SELECT 1) AS one
    ARRAY JOIN
        {zones:Array(String)} AS zone, {starts:Array(UInt32)} AS start,
        {ends:Array(UInt32)} AS end, {offsets:Array(Int32)} AS seconds
) AS clocks ON clocks.zone = places.timezone"""

_HOUR_LABEL = (
    "concat(formatDateTime(sums.hour + clocks.seconds, '%Y-%m-%dT%H:%i:%S', 'UTC'), "
    "if(clocks.seconds < 0, '-', '+'), leftPad(toString(intDiv(abs(clocks.seconds), 3600)), 2, '0'), ':', "
    "leftPad(toString(intDiv(abs(clocks.seconds) % 3600, 60)), 2, '0'))"
)

_PERIOD: Mapping[Grain, Callable[[str], str]] = {
    Grain.TOTAL: lambda _: "'total'",
    Grain.HOUR: lambda _: _HOUR_LABEL,
    Grain.DAY: lambda alias: f"toString({alias}.business_date)",
    Grain.WEEK: lambda alias: f"toString(toMonday({alias}.business_date))",
    Grain.MONTH: lambda alias: f"formatDateTime({alias}.business_date, '%Y-%m')",
}

_COLUMN: Mapping[Dimension, Callable[[str], str]] = {
    Dimension.SITE: lambda alias: f"{alias}.site_id",
    Dimension.REGION: lambda _: "places.region",
    Dimension.CHANNEL: lambda alias: f"{alias}.channel",
    Dimension.DEPARTMENT: lambda alias: f"{alias}.department",
    Dimension.TIER: lambda _: "roles.tier",
}
