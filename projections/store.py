"""The store of derived data: ClickHouse, embedded as chDB or over HTTP.

One port for both: `Store.client()` hands each thread a clickhouse-connect client of its own (chDB: one handle
a thread, one process a path). What differs between them (how a client is made, table engines) is here and
nowhere else.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import clickhouse_connect
import pyarrow as pa
from clickhouse_connect.driver.client import Client

SQL: Final = Path(__file__).parent

ENGINES: Final = {
    "embedded": {
        "merge_tree": "MergeTree",
        "replacing": "ReplacingMergeTree",
        "versioned": "ReplacingMergeTree(version)",
    },
}

# Set explicitly: defaults differ between versions of the engine.
SETTINGS: Final[Mapping[str, Any]] = {
    "async_insert": 0,
    "max_partitions_per_insert_block": 0,  # a late batch may span years: months are partitions
    # placement never changes: versions of a row share a partition
    "do_not_merge_across_partitions_select_final": 1,
    "join_use_nulls": 0,
    "session_timezone": "UTC",
    "use_variant_as_common_type": 0,  # a step whose branches differ in type is a fault, not a Variant
    # compiling an expression at its third use holds a flush up for a second and gains little on small batches
    "compile_expressions": 0,
    "compile_aggregate_expressions": 0,
    "compile_sort_description": 0,
}

READ_LIMITS: Final[Mapping[str, Any]] = {
    "max_execution_time": 30,
    "max_memory_usage": 1_500_000_000,
    "max_bytes_before_external_group_by": 500_000_000,
    "max_bytes_before_external_sort": 500_000_000,
    "readonly": 2,
}
"""What one query of a reader may take; it shares the process with the projector when embedded."""


class StoreError(Exception):
    """The store cannot be opened or does not answer; the text says which store and why."""


class Store:
    """ClickHouse behind one port.

    Args:
        location: a folder (chDB) or `http://user:password@host:8123/database`.
        threads: most threads one query may use.
        limits: further settings of every query.
    """

    def __init__(self, location: str, *, threads: int = 2, limits: Mapping[str, Any] | None = None) -> None:
        self.location = location
        self.embedded = "://" not in location
        self.threads = threads
        self._settings = {**SETTINGS, "max_threads": threads, **(limits or {})}
        self._local = threading.local()
        self._clients: list[Client] = []
        self._lock = threading.Lock()
        self.engines = ENGINES["embedded"]

    def reader(self) -> Store:
        """The same store for answering questions: read only, within `READ_LIMITS`."""
        return Store(self.location, threads=self.threads, limits=READ_LIMITS)

    def client(self) -> Client:
        """The calling thread's own client (a stream open on a handle hides the results of other queries on
        it).
        """
        client: Client | None = getattr(self._local, "client", None)
        if client is None:
            client = self._open()
            self._local.client = client
            with self._lock:
                self._clients.append(client)
        return client

    def _open(self) -> Client:
        settings = self._settings
        try:
            if self.embedded:
                Path(self.location).mkdir(parents=True, exist_ok=True)
                return clickhouse_connect.get_client(interface="chdb", path=self.location, settings=settings)
            url = urlsplit(self.location)
            return clickhouse_connect.get_client(
                host=url.hostname or "localhost",
                port=url.port or 8123,
                username=unquote(url.username or "default"),
                password=unquote(url.password or ""),
                settings=settings,
                autogenerate_session_id=False,
            )
        except Exception as error:
            where = "folder " + self.location if self.embedded else f"{urlsplit(self.location).hostname}"
            raise StoreError(f"ClickHouse store ({where}) cannot be opened: {error}") from error

    def command(self, sql: str, **names: object) -> None:
        """Runs one statement; `$name` placeholders are identifiers or integers chosen by this package, never
        a user's text.
        """
        self.client().command(render(sql, names))

    def rows(
        self, sql: str, parameters: Mapping[str, Any] | None = None, **names: object
    ) -> list[tuple[Any, ...]]:
        """The result as tuples; user's values only through `parameters` (`{name:Type}`)."""
        result = self.client().query(render(sql, names), parameters=dict(parameters or {}))
        return [tuple(row) for row in result.result_rows]

    def arrow(self, sql: str, parameters: Mapping[str, Any] | None = None, **names: object) -> pa.Table:
        """The result as an Arrow table."""
        return self.client().query_arrow(
            render(sql, names), parameters=dict(parameters or {}), use_strings=True
        )

    def insert(self, table: str, data: pa.Table) -> None:
        """Appends an Arrow table to `database.table`; one insert is one part per partition."""
        if not data.num_rows:
            return
        if self.embedded:
            self._insert_from_file(table, data)
        else:
            database, name = table.split(".", 1)
            self.client().insert_arrow(name, data, database=database)

    def _insert_from_file(self, table: str, data: pa.Table) -> None:
        """The client would copy the table twice on its way into such a file of its own: as many pages again
        to be mapped, which costs more than the parsing (measured: 40 % of the system time of an insert).
        """
        columns = ", ".join(data.schema.names)
        with tempfile.NamedTemporaryFile(prefix="moments-", suffix=".arrow") as file:
            with pa.ipc.new_file(file, data.schema) as writer:
                writer.write_table(data)
            file.flush()
            self.client().command(f"INSERT INTO {table} ({columns}) FROM INFILE '{file.name}' FORMAT Arrow")

    def insert_rows(self, table: str, schema: pa.Schema, rows: Sequence[Sequence[Any]]) -> None:
        """Appends rows given as sequences in the order of the schema; nothing for no rows."""
        if rows:
            self.insert(table, arrow_table(schema, rows))

    def create(self, database: str, folder: str, **names: object) -> None:
        """Creates a database and every object of `schema/<folder>`, one object a file, in the order of their
        names.
        """
        self.command("CREATE DATABASE IF NOT EXISTS $database ENGINE = Atomic", database=database)
        for file in sql_files(f"schema/{folder}"):
            self.command(file.read_text(), **self.engines, **names)

    def close(self) -> None:
        """Closes every thread's client."""
        with self._lock:
            for client in self._clients:
                client.close()
            self._clients.clear()
        self._local = threading.local()


def arrow_table(schema: pa.Schema, rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Rows (at least one) as an Arrow table. Most columns of most batches hold one value, which is not
    converted row by row.
    """
    return pa.table(
        [_array(column, kind) for column, kind in zip(zip(*rows, strict=True), schema.types, strict=True)],
        schema=schema,
    )


def _array(column: tuple[Any, ...], kind: pa.DataType) -> pa.Array:
    first = column[0]
    if column.count(first) == len(column):
        return (
            pa.nulls(len(column), kind) if first is None else pa.repeat(pa.scalar(first, kind), len(column))
        )
    return pa.array(column, kind)


def sql_files(folder: str) -> Sequence[Path]:
    """The `.sql` files of a folder of this package, by name."""
    return sorted((SQL / folder).glob("*.sql"))


def render(sql: str, names: Mapping[str, object]) -> str:
    """Fills `$name` placeholders.

    Raises:
        KeyError: a placeholder without a value.
    """
    return Template(sql).substitute(names) if names else sql
