"""One table, four formats: JSON with a head, CSV, Arrow stream and Parquet with the same rows.

Columns have declared types, so that an empty answer has the schema of a full one, and rows are never models:
they go from columns to bytes in one step.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet
from fastapi import Depends, Request
from starlette.responses import Response

from api.problems import Problem

JSON = "application/json"
CSV = "text/csv"
ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"

JSON_ROWS = 100_000
"""Most rows of a JSON answer; the other formats take `TABLE_ROWS`."""
TABLE_ROWS = 1_000_000

TEXT, REAL, COUNT, FLAG = pa.string(), pa.float64(), pa.int64(), pa.bool_()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows by column, with the type each column has in every format."""

    types: Mapping[str, pa.DataType]
    columns: Mapping[str, Sequence[Any]]

    def rows(self) -> list[dict[str, Any]]:
        names = list(self.types)
        return [
            dict(zip(names, row, strict=True))
            for row in zip(*(self.columns[name] for name in names), strict=True)
        ]

    def arrow(self) -> pa.Table:
        arrays = [pa.array(self.columns[name], type=kind) for name, kind in self.types.items()]
        return pa.Table.from_arrays(arrays, schema=pa.schema(list(self.types.items())))


def table_of(types: Mapping[str, pa.DataType], rows: Iterable[Mapping[str, Any]]) -> Table:
    """A table from rows; what a row leaves out is null."""
    held = list(rows)
    return Table(types, {name: [row.get(name) for row in held] for name in types})


def stacked(tables: Sequence[Table]) -> Table:
    """Tables one under the other; a column that one of them lacks is null there."""
    types: dict[str, pa.DataType] = {}
    for table in tables:
        types |= table.types
    columns: dict[str, list[Any]] = {name: [] for name in types}
    for table in tables:
        size = len(next(iter(table.columns.values()), ()))
        for name, column in columns.items():
            column.extend(table.columns.get(name, [None] * size))
    return Table(types, columns)


def _csv(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pa.csv.write_csv(table, sink, pa.csv.WriteOptions(quoting_style="needed"))
    return sink.getvalue()


def _arrow(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pa.parquet.write_table(table, sink, compression="zstd")
    return sink.getvalue()


_WRITERS: Mapping[str, Callable[[pa.Table], bytes]] = {CSV: _csv, ARROW: _arrow, PARQUET: _parquet}


@dataclass(frozen=True, slots=True)
class Format:
    """The format agreed on."""

    media_type: str

    @property
    def row_limit(self) -> int:
        return JSON_ROWS if self.media_type == JSON else TABLE_ROWS

    def answer(
        self, head: Mapping[str, Any], table: Table, body: Callable[[], Mapping[str, Any]] | None = None
    ) -> Response:
        """JSON: the head with `rows`, or `body` where the shape is deeper than a table. Else: the table, the
        head's position and complete_until in headers."""
        headers = {"Vary": "Accept, Authorization"}
        for field in ("position", "complete_until"):
            if head.get(field):
                headers[f"Moments-{field.replace('_', '-').title()}"] = str(head[field])
        if self.media_type == JSON:
            content = body() if body else {**head, "rows": table.rows()}
            return Response(msgspec.json.encode(content), headers=headers, media_type=JSON)
        return Response(_WRITERS[self.media_type](table.arrow()), headers=headers, media_type=self.media_type)


def json_answer(content: Any, status: int = 200) -> Response:
    return Response(
        msgspec.json.encode(content), status, headers={"Vary": "Accept, Authorization"}, media_type=JSON
    )


def _accepted(header: str, offered: Sequence[str]) -> str | None:
    """The offered type with the greatest quality, the first of equals (RFC 9110, section 12.5.1)."""
    if not header.strip():
        return offered[0]
    wanted = []
    for item in header.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        wanted.append((name, quality))
    best, chosen = 0.0, None
    for kind in offered:
        exact = {kind: 3, kind.split("/")[0] + "/*": 2, "*/*": 1}
        matches = [(exact[name], quality) for name, quality in wanted if name in exact]
        quality = max(matches)[1] if matches else 0.0
        if quality > best:
            best, chosen = quality, kind
    return chosen


def negotiate(header: str, offered: Sequence[str]) -> Format:
    """Raises Problem 406 when nothing offered is accepted."""
    chosen = _accepted(header, offered)
    if chosen is None:
        raise Problem(406, "not_acceptable", f"offered here: {', '.join(offered)}")
    return Format(chosen)


async def _tabular(request: Request) -> Format:
    return negotiate(request.headers.get("accept", ""), (JSON, CSV, ARROW, PARQUET))


async def _plain(request: Request) -> Format:
    return negotiate(request.headers.get("accept", ""), (JSON,))


Tabular = Annotated[Format, Depends(_tabular)]
"""An endpoint that answers with a table in any of the four formats."""

Plain = Annotated[Format, Depends(_plain)]
"""An endpoint whose shape is deeper than a table: JSON alone."""
