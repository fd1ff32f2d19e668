"""Generations of derived data: each a database of its own; one row names the live one.

A rebuild makes the next generation beside the live one and switches; a half-built one is dropped at the next
start. Since all of it can be derived again, a change of a table's shape needs no migration of rows: a new
generation is built from the log.
"""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

import pyarrow as pa

from projections.public import create_public, measure_views
from projections.store import Store, sql_files

PUBLIC: Final = "moments"
META: Final = "moments_meta"

_SCHEMA: Final = pa.schema(
    [("number", pa.uint32()), ("state", pa.string()), ("shape", pa.string()), ("version", pa.uint64())]
)


_PUBLISHED: Final = pa.schema([("public", pa.string()), ("digest", pa.string())])


class Generation(NamedTuple):
    """One generation: its number, `live`, `building` or `retired`, and the shape of its tables."""

    number: int
    state: str
    shape: str
    version: int

    @property
    def database(self) -> str:
        """Its database."""
        return f"g{self.number}"


def shape() -> str:
    """A digest of the tables' definitions: another one means another generation."""
    return hashlib.sha256(
        b"\0".join(file.read_bytes() for file in sql_files("schema/generation"))
    ).hexdigest()[:16]


class Generations:
    """The register of generations of one store.

    Args:
        store: the ClickHouse store.
        public: database of the documented views.
        meta: database of the register.
    """

    def __init__(self, store: Store, *, public: str = PUBLIC, meta: str = META) -> None:
        self._store = store
        self._public = public
        self._meta = meta
        self._live = ""

    def open(self, *, alone: bool = True) -> str:
        """Creates what is missing, drops what was left half-built, and gives the live generation's database.

        Not `alone`, another process may be building one: nothing is dropped.
        Derived data of another shape (after an upgrade) is left behind: a new generation becomes the live one
        and is derived from the beginning of the log.
        """
        self._store.create(self._meta, "meta", meta=self._meta)
        known = self._known()
        for each in known if alone else ():
            if each.state != "live":
                self._drop(each.database)
        live = max((each for each in known if each.state == "live"), default=None)
        if live is None or live.shape != shape():
            number = max((each.number for each in known), default=0) + 1
            # Tables first: a process that starts meanwhile reads whatever is called live.
            self._store.create(f"g{number}", "generation", gen=f"g{number}")
            self._write(number, "live", *([(live.number, "retired")] if live else []))
            self._live = f"g{number}"
        else:
            self._live = live.database
        self.publish(self._live)
        return self._live

    @property
    def live(self) -> str:
        """The live generation's database."""
        return self._live

    def refresh(self) -> str:
        """Looks which generation is live now: another process may have switched; '' before the first."""
        self._store.create(self._meta, "meta", meta=self._meta)
        live = max((each for each in self._known() if each.state == "live"), default=None)
        self._live = live.database if live is not None else ""
        return self._live

    def drop_older(self, database: str) -> None:
        """Drops retired generations before this one."""
        for each in self._known():
            if each.state == "retired" and each.number < int(database[1:]):
                self._drop(each.database)

    def begin(self) -> str:
        """The database of a new generation, registered as being built."""
        number = max((each.number for each in self._known()), default=0) + 1
        self._write(number, "building")
        self._store.create(f"g{number}", "generation", gen=f"g{number}")
        return f"g{number}"

    def switch(self, database: str) -> None:
        """Makes a generation the live one: the views first show it, then one row of one insert says so."""
        old = self._live
        self.publish(database)
        self._write(int(database[1:]), "live", *([(int(old[1:]), "retired")] if old != database else []))
        self._live = database

    def drop(self, database: str) -> None:
        """Forgets a generation that is not live."""
        assert database != self._live
        self._write(int(database[1:]), "retired")
        self._drop(database)

    def publish(self, database: str) -> None:
        """Lets the documented views read a generation; nothing when they are of this very text already."""
        texts = [file.read_text() for file in sql_files("schema/views")]
        texts += [f"{name} {select}" for name, select in measure_views()]
        digest = hashlib.sha256("\0".join([database, *texts]).encode()).hexdigest()[:16]
        last = self._store.rows(
            "SELECT digest FROM $meta.published WHERE public = {public:String} ORDER BY at DESC LIMIT 1",
            {"public": self._public},
            meta=self._meta,
        )
        if last != [(digest,)]:
            create_public(self._store, database, self._public)
            self._store.insert_rows(f"{self._meta}.published", _PUBLISHED, [(self._public, digest)])

    def _known(self) -> list[Generation]:
        rows = self._store.rows(
            "SELECT number, state, shape, version FROM $meta.generations FINAL ORDER BY number",
            meta=self._meta,
        )
        return [Generation(*row) for row in rows]

    def _write(self, number: int, state: str, *others: tuple[int, str]) -> None:
        known = self._known()
        version = max((each.version for each in known), default=0) + 1
        shapes = {each.number: each.shape for each in known}
        rows = [(each, is_, shapes.get(each, shape()), version) for each, is_ in ((number, state), *others)]
        self._store.insert_rows(f"{self._meta}.generations", _SCHEMA, rows)

    def _drop(self, database: str) -> None:
        self._store.command("DROP DATABASE IF EXISTS $database SYNC", database=database)
