"""A copy taken while parts write is one that can be gone on from."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from ingest.relay.place import Place
from ingest.vault import Vault
from moments.backup import back_up, restore
from moments.errors import CommandFailed
from moments.layout import Layout
from tests.engines.kafka.logs import WrittenLog, fact, written_log


def one(path: Path, sql: str) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute(sql).fetchone()[0])


def whole(folder: Path) -> Layout:
    """A data folder with a log of three events and a vault."""
    layout = Layout(folder)
    with written_log(folder) as log:
        log.append(*(fact(f"e-{number}") for number in range(3)))
    Vault(layout.vault_folder).close()
    return layout


class TestRefusals:
    def test_without_a_log_there_is_nothing_to_back_up(self, tmp_path: Path) -> None:
        with pytest.raises(CommandFailed, match="holds no log"):
            back_up(Layout(tmp_path / "data"), tmp_path / "backup")
        assert not (tmp_path / "backup").exists()

    def test_a_folder_that_holds_something_is_left_alone(self, tmp_path: Path) -> None:
        layout = whole(tmp_path / "data")
        (tmp_path / "backup").mkdir()
        (tmp_path / "backup" / "mine").touch()
        with pytest.raises(CommandFailed, match="not empty"):
            back_up(layout, tmp_path / "backup")
        assert [file.name for file in (tmp_path / "backup").iterdir()] == ["mine"]

    def test_a_folder_in_use_is_not_restored_into(self, tmp_path: Path) -> None:
        layout = whole(tmp_path / "data")
        back_up(layout, tmp_path / "backup")
        with pytest.raises(CommandFailed, match="in use"):
            restore(layout, tmp_path / "backup")

    def test_derived_tables_of_another_log_are_no_place_for_a_restore(self, tmp_path: Path) -> None:
        back_up(whole(tmp_path / "data"), tmp_path / "backup")
        (tmp_path / "other" / "clickhouse").mkdir(parents=True)
        with pytest.raises(CommandFailed, match="in use"):
            restore(Layout(tmp_path / "other"), tmp_path / "backup")

    def test_a_damaged_file_is_found_before_anything_is_written(self, tmp_path: Path) -> None:
        back_up(whole(tmp_path / "data"), tmp_path / "backup")
        log = Layout(tmp_path / "backup").events
        raw = bytearray(log.read_bytes())
        raw[4096:] = b"\xff" * (len(raw) - 4096)
        log.write_bytes(raw)
        with pytest.raises(CommandFailed, match="damaged"):
            restore(Layout(tmp_path / "other"), tmp_path / "backup")
        assert not (tmp_path / "other").exists()


def test_a_copy_is_closed_to_others_and_comes_back_whole(tmp_path: Path) -> None:
    copied = back_up(whole(tmp_path / "data"), tmp_path / "backup")
    assert (copied.rows, sorted(copied.files)) == (3, ["log/events.db", "vault/vault.db", "vault/vault.key"])
    for path in (tmp_path / "backup").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    again = restore(Layout(tmp_path / "other"), tmp_path / "backup")
    assert again == copied
    with written_log(tmp_path / "other") as log:
        assert log.append(fact("e-3")) == 4


def test_no_copy_has_a_relay_ahead_of_its_log(tmp_path: Path) -> None:
    """A place beyond the log's end would leave out the rows that come there next."""
    layout = Layout(tmp_path / "data")
    stop = threading.Event()

    def write_and_relay(log: WrittenLog, place: Place) -> None:
        number = 0
        while not stop.is_set():
            place.row = log.append(fact(f"e-{number}", size=2_000))
            place.keep()  # a relay that is as quick as can be
            number += 1

    with written_log(layout.data) as log:
        Vault(layout.vault_folder).close()
        log.append(fact("first"))
        place = Place(layout.relay)
        writer = threading.Thread(target=write_and_relay, args=(log, place))
        writer.start()
        try:
            for round_ in range(10):
                before = log.reader.last()
                copied = back_up(layout, tmp_path / f"backup-{round_}")
                copy = Layout(tmp_path / f"backup-{round_}")
                assert copied.rows >= before
                place_row = "SELECT coalesce(max(row), 0) FROM place WHERE name = 'log'"
                assert one(copy.relay / "place.db", place_row) <= copied.rows
        finally:
            stop.set()
            writer.join()
            place.close()
    assert copied.rows > 10
