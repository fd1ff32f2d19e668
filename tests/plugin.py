"""The ClickHouse data source of Grafana as far as panels need it: variables, macros and frames, without
Grafana.

Our own reading of the plugin's sources (pkg/macros/macros.go, its formatter, sqlutil's framing): what it
would leave unexpanded or refuse raises here. Where Go is at hand, every query of the engine tests also goes
through the libraries that the plugin is made of, and has to give the same statement and frame
(tests/engines/grafana/data_source.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise
from math import isnan
from typing import Any

VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}")
MACRO = re.compile(r"\$__\w+")
COMMENT = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\r\n]*|/\*.*?(?:\*/|\Z)""", re.DOTALL)


@dataclass(frozen=True)
class TimeRange:
    """What the reader's picker says, in UTC milliseconds."""

    from_ms: int
    to_ms: int
    interval_s: int = 60


def interpolate(text: str, values: Mapping[str, str | Sequence[str]]) -> str:
    """Variables as Grafana puts them in: `:sqlstring` pairs single quotes and escapes double ones, one value
    or many."""

    def value(match: re.Match[str]) -> str:
        name, format_ = match.groups()
        chosen = values[name]
        if format_ != "sqlstring":
            raise ValueError(f"${{{name}}} goes in unescaped")
        many = [chosen] if isinstance(chosen, str) else list(chosen)
        return ",".join("'" + one.replace("'", "''").replace('"', '\\"') + "'" for one in many)

    return VARIABLE.sub(value, text)


def without_comments(text: str) -> str:
    """What the plugin's newer reader of macros leaves of a query before it looks for macros: comments become
    spaces. It knows paired quotes only: after a quote with a backslash it takes texts for SQL and SQL for
    texts."""
    return COMMENT.sub(lambda found: found[0] if found[0][0] in "'\"" else " " * len(found[0]), text)


def expand(text: str, at: TimeRange) -> str:
    """Macros as the plugin's backend expands them; one that is not known stays, and is an error here."""
    start, end = at.from_ms // 1000, at.to_ms // 1000
    replaced = text
    for pattern, by in (
        (r"\$__timeFilter\(([^()]+)\)", rf"\1 >= toDateTime({start}) AND \1 <= toDateTime({end})"),
        (
            r"\$__timeFilter_ms\(([^()]+)\)",
            rf"\1 >= fromUnixTimestamp64Milli({at.from_ms}) AND \1 <= fromUnixTimestamp64Milli({at.to_ms})",
        ),
        (
            r"\$__timeInterval\(([^()]+)\)",
            rf"toStartOfInterval(toDateTime(\1), INTERVAL {at.interval_s} second)",
        ),
        (r"\$__fromTime_ms\b", f"fromUnixTimestamp64Milli({at.from_ms})"),
        (r"\$__toTime_ms\b", f"fromUnixTimestamp64Milli({at.to_ms})"),
        (r"\$__fromTime\b", f"toDateTime({start})"),
        (r"\$__toTime\b", f"toDateTime({end})"),
        (r"\$__interval_s\b", str(max(1, at.interval_s))),
    ):
        replaced = re.sub(pattern, by, replaced)
    if left := MACRO.search(replaced):
        raise ValueError(f"{left.group()} is no macro of the plugin")
    return replaced


Field = tuple[str, Mapping[str, str], list[Any]]


@dataclass(frozen=True)
class Frame:
    """Columns as a panel gets them; a time series is wide: one field per number and set of labels."""

    fields: Sequence[Field]

    def names(self) -> list[str]:
        return [name for name, _, _ in self.fields]

    def column(self, name: str) -> list[Any]:
        return next(values for found, _, values in self.fields if found == name)

    def rows(self) -> list[dict[str, Any]]:
        names = self.names()
        return [
            dict(zip(names, row, strict=True)) for row in zip(*(v for _, _, v in self.fields), strict=True)
        ]


def frame(format_: int, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Frame:
    """The frame of a result: format 0 is a time series, 1 a table. No rows give no fields at all."""
    if not rows:
        return Frame([])
    columns = [list(column) for column in zip(*rows, strict=True)]
    if format_ == 1:
        return Frame([(name, {}, column) for name, column in zip(names, columns, strict=True)])
    if names[0] != "time" or not isinstance(columns[0][0], date | datetime):
        raise ValueError(f"a time series begins with a time, not with {names[0]}")
    times = columns[0]
    if any(before > after for before, after in pairwise(times)):
        raise ValueError("a time series is in ascending order")
    return _wide(names, columns)


def _wide(names: Sequence[str], columns: Sequence[list[Any]]) -> Frame:
    texts = [i for i in range(1, len(names)) if any(isinstance(value, str) for value in columns[i])]
    numbers = [i for i in range(1, len(names)) if i not in texts]
    if not numbers:
        raise ValueError("a time series without a number")
    times = sorted(set(columns[0]))
    place = {time: index for index, time in enumerate(times)}
    series: dict[tuple[int, tuple[str, ...]], list[Any]] = {}
    for row, time in enumerate(columns[0]):
        labels = tuple(columns[i][row] for i in texts)
        for i in numbers:
            values = series.setdefault((i, labels), [None] * len(times))
            if values[place[time]] is not None:
                raise ValueError(f"two values of {names[i]} {labels} at {time}")
            values[place[time]] = columns[i][row]
    fields: list[Field] = [
        (names[i], dict(zip((names[j] for j in texts), labels, strict=True)), values)
        for (i, labels), values in series.items()
    ]
    if texts:  # labelled series come by their name, then by their labels, whatever the query's order was
        fields.sort(key=lambda one: (one[0], list(one[1].values())))
    return Frame([("time", {}, times), *fields])


def differences(one: Frame, other: Frame) -> list[str]:
    """In what two frames differ: fields in their order, labels, values; an instant is one in any zone."""
    found = [f"{one.names()} {other.names()}"] if one.names() != other.names() else []
    for (name, labels, values), (_, others, theirs) in zip(one.fields, other.fields, strict=False):
        if dict(labels) != dict(others):
            found.append(f"{name}: {labels} {others}")
        if [_plain(value) for value in values] != [_plain(value) for value in theirs]:
            found.append(f"{name} {labels}: {values} {theirs}")
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, float) and isnan(value):
        return "NaN"
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value
