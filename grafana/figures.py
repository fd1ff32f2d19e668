"""A measure's figure as SQL: value, interval, n and what to make of it, from the catalogue entry alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from domain.measures import Direction, Measure
from domain.measures.figure import PEOPLE_N
from grafana.intervals import NOTHING, ends_of, value_of
from grafana.scope import Scope, sums
from grafana.sqltext import indent, literal

DAY = "toDateTime(facts.business_date, 'UTC')"


class Judgement(StrEnum):
    """What a figure says against its standard; shown as a sign and a word, and only then as a colour."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    FEW = "few"
    PLAIN = "plain"
    NO_DATA = "no_data"
    HIDDEN = "hidden"


SIGNS: Mapping[Judgement, str] = {
    Judgement.OK: "●",
    Judgement.WARNING: "▲",
    Judgement.CRITICAL: "■",
    Judgement.FEW: "○",
    Judgement.PLAIN: "·",
    Judgement.NO_DATA: "–",
    Judgement.HIDDEN: "✕",
}


def view_of(measure: Measure, *, split: bool = False) -> str:
    """The public view of a measure, or of its parts by department."""
    return f"kpi_{measure.code}_by_department" if split else f"kpi_{measure.code}"


def limits_of(measure: Measure) -> tuple[float | None, float | None]:
    """(warning, critical): from where a value asks for attention, and from where for action."""
    if measure.thresholds is not None:
        return measure.thresholds.warning, measure.thresholds.critical
    return measure.standard, None


def judgement_sql(measure: Measure) -> str:
    """A `Judgement` from the columns value and size."""
    warning, critical = limits_of(measure)
    worse = ">" if measure.direction is Direction.DOWN else "<"
    cases: list[str] = []
    if measure.people:
        cases.append(f"size > 0 AND size < {PEOPLE_N}, '{Judgement.HIDDEN}'")
    cases += [
        f"value IS NULL, '{Judgement.NO_DATA}'",
        f"size < {measure.low_n}, '{Judgement.FEW}'",
    ]
    if measure.direction is not Direction.NEUTRAL:
        if critical is not None:
            cases.append(f"value {worse} {critical:.17g}, '{Judgement.CRITICAL}'")
        if warning is not None:
            cases.append(f"value {worse} {warning:.17g}, '{Judgement.WARNING}'")
    known = warning is not None and measure.direction is not Direction.NEUTRAL
    cases.append(f"'{Judgement.OK if known else Judgement.PLAIN}'")
    return f"multiIf({', '.join(cases)})"


def figures(
    measure: Measure,
    scope: Scope,
    keys: Mapping[str, str] | None = None,
    *,
    split: bool = False,
    placed: bool = False,
    also: Sequence[str] = (),
) -> str:
    """One row per key: the keys, value, lo, hi, n, judgement. People data of fewer than five are hidden."""
    named = "".join(f"{name}, " for name in keys or {})
    value = value_of(measure)
    lo, hi = (NOTHING, NOTHING) if split else ends_of(measure)
    if measure.people:
        value, lo, hi = (f"if(size < {PEOPLE_N}, NULL, {text})" for text in (value, lo, hi))
    inner = sums(scope, view_of(measure, split=split), keys, placed=placed, also=also)
    return "\n".join(
        (
            f"SELECT {named}value, lo, hi, size AS n, {judgement_sql(measure)} AS judgement",
            "FROM",
            "(",
            f"    SELECT {named}size,",
            f"        {value} AS value,",
            f"        {lo} AS lo,",
            f"        {hi} AS hi",
            "    FROM",
            "    (",
            indent(inner, 8),
            "    ) AS sums",
            ") AS judged",
        )
    )


def standard_of(measure: Measure) -> str:
    """The standard as an SQL value, NULL for a measure that has none."""
    return NOTHING if measure.standard is None else f"toFloat64({measure.standard:.17g})"


def shown(unit: str, expression: str) -> str:
    """A number as text in its unit, for the line under a figure."""
    match unit:
        case "ratio":
            return f"concat(toString(round(100 * {expression}, 1)), ' %')"
        case _:
            return f"toString(round({expression}, 1))"


def headline(measure: Measure, scope: Scope) -> str:
    """One value with a label that says how sure it is: sign, n, interval. A time series of one point.

    The label is what lets a small sample be greyed: a panel cannot colour a value by another column.
    """
    signs = ", ".join(literal(sign) for sign in SIGNS.values())
    codes = ", ".join(literal(judgement.value) for judgement in SIGNS)
    sign = f"transform(judgement, [{codes}], [{signs}], '')"
    interval = (
        f"if(lo IS NULL, '', concat(' · ', {shown(measure.unit, 'assumeNotNull(lo)')}, ' – ', "
        f"{shown(measure.unit, 'assumeNotNull(hi)')}))"
    )
    return "\n".join(
        (
            "SELECT $__toTime AS time,",
            f"    concat({sign}, ' n = ', toString(toUInt64(n)), {interval}) AS sure, value",
            "FROM",
            "(",
            indent(figures(measure, scope)),
            ") AS figure",
            "ORDER BY time",
        )
    )


def by_day(measure: Measure, scope: Scope, *, split: bool = False, also: Sequence[str] = ()) -> str:
    """A point per business day; days without observations are gaps, small samples stand in `few` too."""
    rows = figures(measure, scope, {"time": DAY}, split=split, also=also)
    return "\n".join(
        (
            f"SELECT time, value, lo, hi, if(judgement = '{Judgement.FEW}', value, NULL) AS few, n",
            "FROM",
            "(",
            indent(rows),
            ") AS figure",
            "ORDER BY time WITH FILL STEP toIntervalDay(1)",
        )
    )


def scorecard(measures: Sequence[Measure], titles: Mapping[str, str], scope: Scope) -> str:
    """One row per measure of one unit, in the catalogue's order."""
    parts = [
        "\n".join(
            (
                f"SELECT {order} AS place, '{measure.code}' AS measure,",
                f"    {literal(titles[measure.code])} AS title, value,",
                f"    {standard_of(measure)} AS standard, lo, hi, n, judgement",
                "FROM",
                "(",
                indent(figures(measure, scope)),
                ") AS figure",
            )
        )
        for order, measure in enumerate(measures, start=1)
    ]
    union = "\nUNION ALL\n".join(parts)
    return "\n".join(
        (
            "SELECT measure, title, value, standard, lo, hi, n, judgement",
            "FROM",
            "(",
            indent(union),
            ") AS rows",
            "ORDER BY place",
        )
    )


def department_card(measures: Sequence[Measure], titles: Mapping[str, str], scope: Scope) -> str:
    """What the chosen department owns of each shared measure of one unit, of how much, in how many cases."""
    parts = []
    for order, measure in enumerate(measures, start=1):
        mine = sums(scope, view_of(measure, split=True), also=(scope.mine(),))
        whole = sums(scope, view_of(measure, split=True))
        parts.append(
            "\n".join(
                (
                    f"SELECT {order} AS place, '{measure.code}' AS measure,",
                    f"    {literal(titles[measure.code])} AS title,",
                    f"    {value_of(measure, x='mine.x', d='mine.d', size='mine.size')} AS value,",
                    f"    {value_of(measure, x='whole.x', d='whole.d', size='whole.size')} AS whole,",
                    "    if(whole.x = 0, NULL, mine.x / whole.x) AS share, mine.size AS n",
                    "FROM",
                    "(",
                    indent(mine),
                    ") AS mine",
                    "CROSS JOIN",
                    "(",
                    indent(whole),
                    ") AS whole",
                )
            )
        )
    union = "\nUNION ALL\n".join(parts)
    return "\n".join(
        (
            "SELECT measure, title, value, whole, share, n",
            "FROM",
            "(",
            indent(union),
            ") AS rows",
            "ORDER BY place",
        )
    )
