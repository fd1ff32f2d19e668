"""Two generations compared in SQL, column by column: what one has and the other has not.

Floats are equal to 1e-9 (sums of other batches add in another order); everything else to the letter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from projections.store import Store

KEYS: Final = {
    "events": ("hour", "site_id", "kind", "id", "source", "event_id"),
    "promises": ("site_id", "placed", "promise_id"),
    "visits": ("site_id", "placed", "visit_id"),
    "outcomes": ("site_id", "placed", "event_id", "source"),
    "loose_moments": ("site_id", "placed", "event_id", "source"),
    "sources": ("part", "source"),
}
"""Tables that must be equal, with what identifies a row."""

BUCKET_ROWS: Final = 1_000_000
"""Rows of a side compared at a time: a join of whole tables would not fit the memory of a large chain."""

SHOWN: Final = 20
"""Differing rows named for each table; all are counted."""


def differences(store: Store, one: str, other: str) -> Iterator[str]:
    """A line for each differing row (the first ones of each table by name, the rest counted).

    Args:
        store: the ClickHouse store.
        one: database of the generation judged.
        other: database of the generation it is held against.
    """
    for table, keys in KEYS.items():
        yield from _of_table(store, one, other, table, keys)


def _of_table(store: Store, one: str, other: str, table: str, keys: tuple[str, ...]) -> Iterator[str]:
    columns: dict[str, str] = dict(
        store.rows(
            "SELECT name, type FROM system.columns WHERE database = {one:String} AND table = {table:String}",
            {"one": one, "table": table},
        )
    )
    rows = max(int(store.rows(f"SELECT count() FROM {database}.{table}")[0][0]) for database in (one, other))
    buckets = rows // BUCKET_ROWS + 1
    unnamed = 0
    for bucket in range(buckets):
        differing = _differing(
            one, other, table, keys, columns, f"cityHash64({', '.join(keys)}) % {buckets} = {bucket}"
        )
        shown = store.rows(
            f"SELECT name, is_here, is_there, wrong, count() OVER () FROM ({differing})"
            f" ORDER BY name LIMIT {SHOWN}"
        )
        for name, is_here, is_there, wrong, _ in shown:
            if not is_here:
                yield f"{table} {name}: missing"
            elif not is_there:
                yield f"{table} {name}: should not be there"
            else:
                yield f"{table} {name}: {', '.join(wrong)} differ"
        unnamed += shown[0][4] - len(shown) if shown else 0
    if unnamed:
        yield f"{table}: {unnamed} further rows differ"


def _differing(
    one: str, other: str, table: str, keys: tuple[str, ...], columns: Mapping[str, str], where: str
) -> str:
    compared = [name for name in columns if name not in keys and name != "version"]
    if "alive" in columns:
        where += " AND alive"
    which = ", ".join(f"(NOT ({_equal(name, columns[name])}), '{name}')" for name in compared)
    left, right = (
        f"(SELECT *, 1 AS here FROM {database}.{table} FINAL WHERE {where})" for database in (one, other)
    )
    on = " AND ".join(f"a.{key} = b.{key}" for key in keys)
    named = ", ".join(f"toString(if(a.here = 1, a.{key}, b.{key}))" for key in keys)
    return f"""SELECT concatWithSeparator(' ', {named}) AS name, a.here AS is_here, b.here AS is_there,
            if(is_here AND is_there, arrayMap(x -> x.2, arrayFilter(x -> x.1, [{which}])), []) AS wrong
        FROM {left} AS a FULL OUTER JOIN {right} AS b ON {on}
        WHERE NOT is_here OR NOT is_there OR notEmpty(wrong)"""


def _equal(name: str, kind: str) -> str:
    one, other = f"a.`{name}`", f"b.`{name}`"
    if kind == "Float64":
        return _near(one, other)
    if kind == "Nullable(Float64)":
        return f"isNull({one}) = isNull({other}) AND {_near(f'ifNull({one}, 0)', f'ifNull({other}, 0)')}"
    if kind == "Array(Float64)":
        as_long = f"arrayResize({other}, length({one}))"
        return f"length({one}) = length({other}) AND arrayAll((x, y) -> {_near('x', 'y')}, {one}, {as_long})"
    if kind.startswith("Nullable"):
        return f"isNull({one}) = isNull({other}) AND ifNull({one} = {other}, 1)"
    return f"{one} = {other}"


def _near(one: str, other: str) -> str:
    return f"abs({one} - {other}) <= 1e-9 * greatest(1, abs({one}))"
