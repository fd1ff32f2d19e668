"""The SELECT of every measure, one file a code, beside the catalogue entry of that code.

A file holds one part or two, each begun by a `-- part:` line. Every part yields exactly `COLUMNS`:

- `whole`: one row per observation of the measure, department ''.
- `departments`: one row per observation of each department that has a line in it, for measures shared among
  departments. Sums of numerators over departments equal the whole; `n` does not, since one promise has many
  lines.

`dated_at` is the instant that dates the fact (a promise when it was made, a visit by its start, first moment
or end, an answer at its own): spans of instants compare it; `hour` and `business_date` are that instant by
the site's clock.

Parts read only the public views, name no database object of their own and hold no parameter, so that KPI
queries, `cells` and boards can put them into a FROM and have ClickHouse push their filters down (it does,
through UNION ALL too; a constant department would be no filter, hence two parts and not one UNION).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from domain.measures import CATALOGUE

COLUMNS = (
    "site_id",
    "business_date",
    "hour",
    "dated_at",
    "channel",
    "department",
    "numerator",
    "denominator",
    "n",
    "squares",
)

_MARK = "-- part: "


@dataclass(frozen=True, slots=True)
class MeasureSelect:
    """The text of a measure's parts; `departments` is None when the measure is not shared among them."""

    whole: str
    departments: str | None


@cache
def measure_select(code: str) -> MeasureSelect:
    """The SELECT of a measure of the catalogue. Raises FileNotFoundError without a file, KeyError without
    `whole`.
    """
    text = files(__package__).joinpath(f"{code}.sql").read_text(encoding="utf-8")
    parts = {}
    for block in text.split(_MARK)[1:]:
        name, _, body = block.partition("\n")
        parts[name.strip()] = body.strip()
    return MeasureSelect(whole=parts["whole"], departments=parts.get("departments"))


def cells_select() -> str:
    """Text of the public view `cells`: every measure by site, business date, hour, channel and department.

    Rows with department '' are the whole; rows with a department are its part of it. Never sum both.
    """
    parts = []
    for code in CATALOGUE:
        select = measure_select(code)
        parts += [_cells_of(code, part) for part in (select.whole, select.departments) if part is not None]
    return "\nUNION ALL\n".join(parts)


def _cells_of(code: str, part: str) -> str:
    return (
        f"SELECT '{code}' AS measure, site_id, business_date, hour, channel, department,\n"
        "    sum(facts.numerator) AS numerator, sum(facts.denominator) AS denominator,\n"
        "    sum(facts.n) AS n, sum(facts.squares) AS squares\n"
        f"FROM\n(\n{part}\n) AS facts\n"
        "GROUP BY site_id, business_date, hour, channel, department"
    )
