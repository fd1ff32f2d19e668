"""One derivation: subjects → all their events → facts, by the SQL of `derive/` and `write/`.

A fact is a pure function of the events of its own component (subjects that know each other through `links`),
so whatever was sent twice, late, in another order or before a crash, deriving a component again gives the
same rows. Nothing is read here but `events` and the tables of decisions; no derived table feeds another.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Final, NamedTuple

import pyarrow as pa

from projections.store import Store, sql_files

KEYS_SCHEMA: Final = pa.schema(
    [
        ("hour", pa.uint32()),
        ("site_id", pa.string()),
        ("kind", pa.string()),
        ("id", pa.string()),
        ("round", pa.uint32()),
    ]
)

Key = tuple[int, str, str, str]
"""(placement hour in UTC seconds, site, kind, id)."""

_WORK_COLUMNS: Final = (
    "hour, site_id, kind, id, source, event_id, type, ms, visit_id, promise_id, case_id, moment_id, code,"
    " outcome, actor, channel, department, stage, group_name, seconds, from_ms, to_ms, amount, currency,"
    " stages_stage, stages_department, stages_group, stages_budget, split_department, split_share"
)


class Step(NamedTuple):
    """One SQL file: the table it fills, the evidence without which it gives nothing ('' : always run), and
    its text.
    """

    table: str
    needs: str
    sql: str

    @classmethod
    def all_of(cls, folder: str) -> list[Step]:
        """The steps of a folder in order."""
        return [cls._of(file.stem, file.read_text()) for file in sql_files(folder)]

    @classmethod
    def _of(cls, stem: str, sql: str) -> Step:
        first = sql.split("\n", 1)[0]
        return cls(
            stem.lstrip("0123456789_"),
            first.removeprefix("-- needs: ") if first.startswith("-- needs: ") else "",
            sql,
        )


_EVIDENCE: Final = {
    "promise": "kind = 'promise'",
    "fulfilled": "type = 'moments.promise.fulfilled'",
    "blocked": "type = 'moments.stage.blocked'",
    "case": "kind = 'case'",
    "promise_cause": "kind = 'promise' AND notEmpty(split_department)",
    "moment_cause": "kind = 'moment'",
    "outcome": "kind = 'outcome'",
    "loose": "kind = 'loose'",
}

_MOMENT: Final = "kind = 'visit' AND type = 'moments.moment.occurred'"


@dataclass
class Derivation:
    """The derivation's own scratch database beside one generation of derived data.

    Args:
        store: the ClickHouse store.
        generation: database of the generation read from (and written to by `write`).
        scratch: database of Memory tables that belong to this derivation alone; one thread uses it at a time.
    """

    store: Store
    generation: str
    scratch: str
    _known: set[str] = field(default_factory=set)
    _filled: set[str] = field(default_factory=set)
    _present: set[str] = field(default_factory=set)
    _steps: list[Step] = field(default_factory=lambda: Step.all_of("derive"))
    _writes: list[Step] = field(default_factory=lambda: Step.all_of("write"))

    def prepare(self) -> None:
        """Creates the scratch database and its tables."""
        self.store.create(self.scratch, "scratch", scratch=self.scratch)

    def clear_keys(self) -> None:
        """Forgets the subjects of the derivation before."""
        self._run("TRUNCATE TABLE $scratch.keys")

    def add_keys(self, keys: set[Key]) -> None:
        """Touches subjects (round 0)."""
        self.store.insert_rows(f"{self.scratch}.keys", KEYS_SCHEMA, [(*key, 0) for key in keys])

    def add_keys_from(self, select: str, **names: object) -> None:
        """Touches the subjects a SELECT gives as (hour, site_id, kind, id)."""
        self._run(
            f"""INSERT INTO $scratch.keys SELECT DISTINCT hour, site_id, kind, id, 0 FROM ({select})
            WHERE (hour, site_id, kind, id) NOT IN (SELECT hour, site_id, kind, id FROM $scratch.keys)""",
            **names,
        )

    def add_subjects_of_moments(self) -> None:
        """A root cause that names a moment touches the visits that moment is in (for a derived moment: its
        promise).
        """
        for name, what in (
            ("moment_id", f"({_MOMENT})"),
            ("event_id", f"({_MOMENT} OR kind = 'promise' AND type = 'moments.promise.fulfilled')"),
        ):
            self.add_keys_from(
                f"""SELECT hour, site_id, kind, id FROM $gen.events
                WHERE {what}
                    AND {name} IN (SELECT id FROM $scratch.keys WHERE kind = 'moment')
                    AND (site_id, {name}) IN (SELECT site_id, id FROM $scratch.keys WHERE kind = 'moment')"""
            )

    def close_over_links(self) -> int:
        """Adds neighbours until the components of the touched subjects are whole; gives the number of
        subjects.
        """
        for depth in count():  # ends: every round but the last adds a subject
            self._run(
                """INSERT INTO $scratch.keys
                SELECT DISTINCT to_hour, site_id, to_kind, to_id, $depth + 1
                FROM $gen.links
                PREWHERE hour IN (SELECT DISTINCT hour FROM $scratch.keys WHERE round = $depth)
                    AND (hour, site_id, kind, id) IN (SELECT hour, site_id, kind, id FROM $scratch.keys WHERE
                    round = $depth)
                WHERE (to_hour, site_id, to_kind, to_id) NOT IN (SELECT hour, site_id, kind, id FROM
                $scratch.keys)""",
                depth=depth,
            )
            if not self._count(f"SELECT count() FROM $scratch.keys WHERE round = {depth + 1}"):
                break
        return self._count("SELECT count() FROM $scratch.keys")

    def stage(self) -> int:
        """Reads the events of the subjects, and of the causes that name their moments, into `work`; gives
        their number.
        """
        self._run("TRUNCATE TABLE $scratch.work")
        self._run(
            f"""INSERT INTO $scratch.work SELECT {_WORK_COLUMNS} FROM $gen.events FINAL
            PREWHERE hour IN (SELECT DISTINCT hour FROM $scratch.keys)
                AND (hour, site_id, kind, id) IN (SELECT hour, site_id, kind, id FROM $scratch.keys)
            WHERE kind != 'moment'"""
        )
        self._run(
            f"""INSERT INTO $scratch.work SELECT {_WORK_COLUMNS} FROM $gen.events FINAL
            PREWHERE hour = toDateTime(0, 'UTC') AND kind = 'moment' AND (site_id, id) IN (
                SELECT site_id, if(moment_id != '', moment_id, event_id) FROM $scratch.work
                WHERE type IN ('moments.moment.occurred', 'moments.promise.fulfilled'))"""
        )
        return self._count("SELECT count() FROM $scratch.work")

    def derive(self, as_of_ms: int) -> None:
        """Runs the steps of `derive/` in order, each into a Memory table of its name (several files may fill
        one table).

        A step whose evidence (`-- needs:`) the batch has nothing of is passed over: most batches block no
        stage and open no case, and planning a query over nothing costs as much as running it over little.

        Args:
            as_of_ms: the clock the derivation is for (an open promise is broken by it).
        """
        self._present = self._evidence()
        for table in self._filled:
            self._run(f"TRUNCATE TABLE $scratch.{table}")
        self._filled.clear()
        for step in self._steps:
            if step.table not in self._known:
                self._run(
                    f"CREATE OR REPLACE TABLE $scratch.{step.table} ENGINE = Memory EMPTY AS {step.sql}",
                    as_of=as_of_ms,
                )
                self._known.add(step.table)
            if step.needs in self._present:
                self._run(f"INSERT INTO $scratch.{step.table} {step.sql}", as_of=as_of_ms)
                self._filled.add(step.table)

    def write(self, version: int) -> None:
        """Writes the facts of the derived subjects; a fact that no longer holds is written dead.

        Args:
            version: epoch << 32 | flush number; the greatest version of a row is the row.
        """
        for step in self._writes:
            if step.needs in self._present:
                self._run(step.sql, version=version)

    def _evidence(self) -> set[str]:
        """Which kinds of evidence there are in `work` and `keys`."""
        names = list(_EVIDENCE)
        counts = ", ".join(f"countIf({condition})" for condition in _EVIDENCE.values())
        found = self.store.rows(f"SELECT {counts} FROM $scratch.work", scratch=self.scratch)[0]
        kinds = self.store.rows("SELECT DISTINCT kind FROM $scratch.keys", scratch=self.scratch)
        return {name for name, count in zip(names, found, strict=True) if count} | {
            "",
            *(f"{kind}_key" for (kind,) in kinds),
        }

    def _run(self, sql: str, **names: object) -> None:
        self.store.command(sql, gen=self.generation, scratch=self.scratch, **names)

    def _count(self, sql: str) -> int:
        return int(self.store.rows(sql, gen=self.generation, scratch=self.scratch)[0][0])
