"""A chain of twelve days in a chDB of its own, through the real projector, with samples of the line's
state."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from domain.cloudevents import from_structured
from domain.times import DAY_MS, HOUR_MS, parse_rfc3339
from moments.simulate import chain_of, decisions, history
from projections.evidence import Told
from projections.feed import Read
from projections.projector import Projector
from projections.public import create_public, record_status
from projections.store import Store
from tests.engines.grafana.data_source import DataSource, Unavailable, binary
from tests.plugin import Frame, TimeRange, differences, expand, frame, interpolate
from tests.streams import to_event

NOW = parse_rfc3339("2026-11-20T17:20:00Z")
DAYS = 12
SITES = ("msk-01", "kyv-01", "msk-51", "ala-01", "spb-01", "waw-01")
"""Of all three regions and both kinds; the last promises less time than its own plan needs."""


class ListFeed:
    """Events at hand, all at once."""

    name = "list"

    def __init__(self, told: Sequence[Told]) -> None:
        self.told = list(told)

    def read(self, positions: Mapping[int, int], limit: int) -> Read:
        done = positions.get(1, 0)
        batch = self.told[done : done + limit]
        return Read(batch, [], {1: done + len(batch)})

    def head(self) -> Mapping[int, int]:
        return {1: len(self.told)}


def told_of(position: int, line: str) -> Told:
    envelope = from_structured(line.encode())
    data = bytes(envelope.data).decode()
    return Told(to_event(json.loads(line)), envelope.version, NOW, 1, position, data, "")


@dataclass
class Boards:
    """The store, asked the way Grafana asks it: through the libraries of its ClickHouse data source where
    they can be built, and by our own reading of them (`tests.plugin`), which then has to give the same."""

    store: Store
    source: DataSource | None = None
    held: dict[tuple[str, int], tuple[list[str], list[str], Frame]] = field(default_factory=dict)
    """Answers by their whole text: many boards and tests ask the same."""

    def ask(
        self, raw_sql: str, format_: int, at: TimeRange, values: Mapping[str, str | Sequence[str]]
    ) -> tuple[list[str], list[str], Frame]:
        """Names and ClickHouse types of the columns, and the frame."""
        put_in = interpolate(raw_sql, values)
        text = expand(put_in, at)
        if (text, format_) not in self.held:
            names, types, rows = self._rows(text)
            shown = frame(format_, names, rows)
            if self.source is not None:
                answer = self.source.ask({"rawSql": put_in, "format": format_}, at)
                assert answer.statement == text
                assert answer.notices == []
                assert not differences(shown, answer.frame), text
                shown = answer.frame
            self.held[text, format_] = names, types, shown
        return self.held[text, format_]

    def _rows(self, text: str) -> tuple[list[str], list[str], list[tuple[Any, ...]]]:
        result = self.store.client().query(text)
        names, types = list(result.column_names), [type_.name for type_ in result.column_types]
        if not names:  # no rows come without their columns; the panel's columns are checked all the same
            described = self.store.rows(f"DESCRIBE ({text})")
            names, types = [row[0] for row in described], [row[1] for row in described]
        return names, types, [tuple(row) for row in result.result_rows]

    def options(self, raw_sql: str, at: TimeRange, values: Mapping[str, str | Sequence[str]]) -> list[str]:
        """A query variable's values: the first column."""
        _, _, found = self.ask(raw_sql, 1, at, values)
        return [] if not found.fields else [str(value) for value in found.fields[0][2]]


def filled(folder: Path, lines: Sequence[str], now: int = NOW) -> Store:
    store = Store(str(folder))
    told = [told_of(position, line) for position, line in enumerate(lines, start=1)]
    projector = Projector(store, ListFeed(told), generation="g1", clock=lambda: now)
    projector.prepare()
    create_public(store, "g1", "moments")
    projector.drain()
    return store


@pytest.fixture(scope="module")
def boards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boards]:
    chain = [site for site in chain_of(20) if site.code in SITES]
    past = history(chain, days=DAYS, until_ms=NOW, seed=1, visits=14)
    folder = Path(tmp_path_factory.mktemp("clickhouse"))
    store = filled(folder, [*decisions(chain, seed=1), *(line for _, line in past)])
    for ago in range(6):
        figures = {("", "lag_events"): 10.0 * ago, ("", "behind_s"): 2.0, ("", "dead_letters"): 3.0}
        figures |= {
            ("", "waiting_letters"): 1.0,
            ("msk-01", "dead_letters"): 3.0,
            ("msk-01", "waiting_promises"): 1.0,
        }
        record_status(store, "moments", NOW - ago * HOUR_MS, figures)
    with asking(store, folder) as found:
        yield found


@contextmanager
def asking(store: Store, folder: Path) -> Iterator[Boards]:
    """Boards over a store, with the data source beside it; without where it cannot be built, and
    `test_data_source` says so."""
    source = None
    with suppress(Unavailable):
        source = DataSource(binary(), str(folder))
    yield Boards(store, source)
    if source is not None:
        source.close()
    store.close()


@pytest.fixture(scope="module")
def source(boards: Boards) -> DataSource:
    """The data source itself; skips with the reason where it cannot be built, which fails in CI."""
    if boards.source is None:
        with pytest.raises(Unavailable) as why:
            binary()
        pytest.skip(str(why.value))
    return boards.source


@pytest.fixture(scope="module")
def week() -> TimeRange:
    """Ends within an hour, as ranges do: the hour that has begun counts."""
    return TimeRange(NOW - 8 * DAY_MS + 17, NOW, 300)


def instant(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


def asked(
    model: dict[str, Any], values: Mapping[str, str | Sequence[str]]
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """(panel, its whole target as the board has it, variables put in)."""
    for panel in panels_of(model):
        (target,) = panel["targets"]
        yield panel, {**target, "rawSql": interpolate(target["rawSql"], values)}


def panels_of(model: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in model["panels"] if panel["type"] != "text"]
