"""The SQLite log keeps the contract, its file settings, its lock; and another process can follow it."""

import sqlite3
import subprocess
import sys

import pytest

from ingest.errors import LogInUse, LogMismatch
from ingest.log import open_sqlite_log
from ingest.log.reader import LogReader
from ingest.log.sqlite import SQLiteLogStore
from tests.engines.ingest.log_contract import EventLogContract, entry


class TestSQLiteLog(EventLogContract):
    def make_store(self, folder):
        return SQLiteLogStore(folder / "events.db")


@pytest.fixture
def log(tmp_path):
    log = open_sqlite_log(tmp_path, min_free_bytes=0)
    yield log
    log.close()


def test_a_second_writer_is_refused_in_one_line(log, tmp_path):
    attempt = "import sys, pathlib, ingest.log as log; log.open_sqlite_log(pathlib.Path(sys.argv[1]))"
    second = subprocess.run(
        [sys.executable, "-c", attempt, tmp_path], capture_output=True, text=True, check=False
    )
    assert second.returncode != 0
    assert "is written by another process (pid " in second.stderr.splitlines()[-1]
    with pytest.raises(LogInUse):
        open_sqlite_log(tmp_path)


def test_the_lock_is_free_after_closing(tmp_path):
    for _ in range(2):
        open_sqlite_log(tmp_path, min_free_bytes=0).close()


def test_commits_are_synchronous_in_a_write_ahead_log(log, tmp_path):
    with log.recorder.datastore.transaction(commit=False) as cursor:
        for pragma, value in (("synchronous", 2), ("journal_mode", "wal"), ("page_size", 8192)):
            cursor.execute(f"PRAGMA {pragma}")
            assert cursor.fetchone()[0] == value


def test_the_table_is_the_recorder_s_own(log, tmp_path):
    log.submit([entry()]).result(10)
    [stored] = log.recorder.select_notifications(start=1, limit=10)
    assert (stored.id, stored.originator_version, stored.topic) == (1, 1, "moments.visit.started")
    columns = [
        row[1] for row in sqlite3.connect(tmp_path / "events.db").execute("PRAGMA table_info(stored_events)")
    ]
    assert columns == ["originator_id", "originator_version", "topic", "state"]


def test_a_log_that_is_not_there_yet_reads_as_empty(tmp_path):
    reader = LogReader(tmp_path / "events.db")
    assert reader.last() == 0
    assert reader.read(0, 10) == ([], 0)
    assert reader.get("/till", "e-1") is None


def test_a_reader_follows_the_writer_in_pages(log, tmp_path):
    reader = LogReader(tmp_path / "events.db")
    log.submit([entry(f"e-{n}") for n in range(5)]).result(10)
    first = reader.read(0, 3)
    assert [(row, record.id) for row, record in first.records] == [(1, "e-0"), (2, "e-1"), (3, "e-2")]
    rest = reader.read(first.upto, 3)
    assert ([row for row, _ in rest.records], rest.upto) == ([4, 5], 5)
    assert reader.read(5, 3) == ([], 5)
    log.submit([entry("late")]).result(10)
    assert reader.last() == 6
    assert reader.get("/till", "late")[0] == 6


def test_rows_of_aggregates_are_scanned_and_not_shown(log, tmp_path):
    import uuid

    from eventsourcing.persistence import StoredEvent

    row = StoredEvent(
        originator_id=uuid.uuid4(), originator_version=1, topic="domain.decisions:Site", state=b"{}"
    )
    log.submit([entry("a", decided=[row])]).result(10)
    assert LogReader(tmp_path / "events.db").read(1, 10) == ([], 2)


class TestNumber:
    def test_a_log_keeps_the_number_it_was_made_with(self, tmp_path):
        log = open_sqlite_log(tmp_path, min_free_bytes=0, number=2)
        identity = log.identity
        assert (identity.no, log.log_no, LogReader(tmp_path / "events.db").identity()) == (2, 2, identity)
        log.submit([entry()]).result(10)
        log.close()
        again = open_sqlite_log(tmp_path, min_free_bytes=0)
        assert again.identity == identity
        again.close()

    def test_one_with_rows_is_never_renumbered(self, tmp_path):
        log = open_sqlite_log(tmp_path, min_free_bytes=0)
        log.submit([entry()]).result(10)
        log.close()
        with pytest.raises(LogMismatch, match="has the number 1 for good: MOMENTS_LOG_NO=2 cannot change it"):
            open_sqlite_log(tmp_path, min_free_bytes=0, number=2)
        open_sqlite_log(tmp_path, min_free_bytes=0, number=1).close()  # and its lock was let go

    def test_an_empty_one_may_be(self, tmp_path):
        first = open_sqlite_log(tmp_path, min_free_bytes=0)
        first.close()
        second = open_sqlite_log(tmp_path, min_free_bytes=0, number=5)
        assert second.identity == first.identity._replace(no=5)
        second.close()

    def test_a_log_from_before_logs_had_numbers_is_number_1(self, tmp_path):
        log = open_sqlite_log(tmp_path, min_free_bytes=0)
        log.submit([entry()]).result(10)
        log.close()
        with sqlite3.connect(tmp_path / "events.db") as db:
            db.execute("DROP TABLE log_identity")
        db.close()
        reader = LogReader(tmp_path / "events.db")
        assert (reader.log_no, reader.identity()) == (1, None)
        with pytest.raises(LogMismatch):
            open_sqlite_log(tmp_path, min_free_bytes=0, number=2)
        again = open_sqlite_log(tmp_path, min_free_bytes=0)
        assert reader.identity() == again.identity
        again.close()

    def test_a_log_that_is_not_there_yet_has_the_number_it_will_get(self, tmp_path):
        assert LogReader(tmp_path / "events.db", number=3).log_no == 3
