"""What every `EventLog` must keep, whatever stores it. Subclass and say how one is opened."""

from __future__ import annotations

import threading
from concurrent.futures import wait

import msgspec
import pytest
from eventsourcing.persistence import OperationalError, StoredEvent

from ingest.errors import LogBusy, LogUnwritable
from ingest.log.identity import originator_id
from ingest.log.port import Entry
from ingest.log.record import LogRecord, decode_record
from ingest.log.writer import GroupCommitLog


def entry(event_id="e-1", *, source="/till", refused=False, decided=(), **changes):
    whole = {
        "type": "moments.visit.started",
        "version": 1,
        "time": "2026-11-02T08:30:00Z",
        "ms": 1000,
        "site": "a",
        "data": b'{"visit_id":"v"}',
        "ext": {},
        "received": 1,
        "key": "k",
        **changes,
    }
    record = LogRecord(id=event_id, source=source, **{**whole, "data": msgspec.Raw(whole["data"])})
    return Entry(originator_id(source, event_id), record, refused=refused, decided=decided)


def verdicts(log, *entries):
    return [(v.row > 0, v.duplicate, v.conflict) for v in log.submit(entries).result(10)]


NEW, AGAIN, CONFLICT, REFUSED = (
    (True, False, False),
    (True, True, False),
    (True, True, True),
    (False, False, False),
)


class Gate:
    """A store whose inserts wait, or fail, as the test says."""

    def __init__(self, store):
        self.store = store
        self.open = threading.Event()
        self.open.set()
        self.fault = None
        self.inserts = 0

    def __getattr__(self, name):
        return getattr(self.store, name)

    def insert(self, entries):
        self.open.wait(10)
        self.inserts += 1
        if self.fault is not None:
            raise self.fault
        return self.store.insert(entries)


class EventLogContract:
    def make_store(self, folder):
        raise NotImplementedError

    @pytest.fixture
    def gate(self, tmp_path):
        return Gate(self.make_store(tmp_path))

    @pytest.fixture
    def log(self, gate, tmp_path):
        log = GroupCommitLog(gate, tmp_path, max_queued=10, min_free_bytes=0)
        yield log
        gate.fault = None
        gate.open.set()
        log.close()

    def test_a_refused_event_is_not_stored_and_leaves_its_identity_free(self, log):
        assert verdicts(log, entry(refused=True)) == [REFUSED]
        assert log.last() == 0
        assert verdicts(log, entry()) == [NEW]

    def test_a_refused_event_whose_identity_is_known_is_a_duplicate(self, log):
        verdicts(log, entry())
        assert verdicts(log, entry(refused=True), entry(refused=True, ms=5)) == [AGAIN, CONFLICT]
        assert verdicts(log, Entry(originator_id("/till", "e-1"), None, refused=True)) == [CONFLICT]

    def test_an_identity_is_stored_once(self, log):
        assert verdicts(log, entry()) == [NEW]
        assert verdicts(log, entry()) == [AGAIN]
        assert verdicts(log, entry(data=b'{"visit_id":"w"}')) == [CONFLICT]
        assert log.last() == 1

    def test_and_once_within_one_submission(self, log):
        assert verdicts(
            log, entry("a"), entry("b"), entry("a"), entry("b", site="z"), entry("b", refused=True)
        ) == [
            NEW,
            NEW,
            AGAIN,
            CONFLICT,
            AGAIN,
        ]
        assert log.last() == 2

    def test_and_once_within_one_group(self, log, gate):
        gate.open.clear()
        first = log.submit([entry("x")])
        futures = [log.submit([entry("y")]) for _ in range(3)]
        gate.open.set()
        wait([first, *futures], 10)
        rows = [future.result()[0].row for future in futures]
        assert rows == [2, 2, 2]
        assert [future.result()[0].duplicate for future in futures] == [False, True, True]

    def test_a_duplicate_names_the_row_of_the_first(self, log):
        [a, b] = log.submit([entry("a"), entry("b")]).result(10)
        assert [a.row, b.row] == [1, 2]
        [again] = log.submit([entry("a")]).result(10)
        assert again.row == 1

    def test_two_pairs_with_one_hash_are_told_apart_and_the_second_is_not_stored(self, log):
        other = entry("b")
        other.originator = entry("a").originator
        assert verdicts(log, entry("a"), other) == [NEW, (False, False, True)]
        assert verdicts(log, other) == [(False, False, True)]

    def test_what_is_stored_reads_back_the_same(self, log, gate):
        given = entry("a", ext={"sequence": "7"}, data='{"name":"Ужин 🍲"}'.encode())
        log.submit([given]).result(10)
        [found] = log.find([given.originator]).values()
        assert decode_record(found.state) == given.record
        assert found.row == 1

    def test_many_events_of_one_submission_get_ascending_rows(self, log):
        stored = log.submit([entry(f"e-{n}") for n in range(1300)]).result(10)
        assert [verdict.row for verdict in stored] == list(range(1, 1301))
        assert len(log.find([entry(f"e-{n}").originator for n in range(1500)])) == 1300

    def test_rows_of_aggregates_are_stored_with_their_event(self, log, gate):
        rows = [
            StoredEvent(originator_id=_uuid(n), originator_version=1, topic="m:Site", state=b"{}")
            for n in range(2)
        ]
        stored = log.submit([entry("a", decided=rows), entry("b")]).result(10)
        assert [verdict.row for verdict in stored] == [1, 4]
        assert log.last() == 4
        assert [event.topic for event in gate.recorder.select_events(_uuid(0))] == ["m:Site"]

    def test_an_aggregate_version_that_exists_fails_the_whole_submission(self, log):
        row = StoredEvent(originator_id=_uuid(1), originator_version=1, topic="m:Site", state=b"{}")
        log.submit([entry("a", decided=[row])]).result(10)
        with pytest.raises(LogUnwritable):
            log.submit([entry("b"), entry("c", decided=[row])]).result(10)
        assert log.find([entry("b").originator]) == {}
        assert verdicts(log, entry("b")) == [NEW]

    def test_a_failing_store_fails_the_submission_leaves_nothing_and_recovers(self, log, gate):
        gate.fault = OperationalError("database or disk is full")
        with pytest.raises(LogUnwritable, match="disk is full"):
            log.submit([entry("a"), entry("b")]).result(10)
        assert log.last() == 0
        gate.fault = None
        assert verdicts(log, entry("a"), entry("b")) == [NEW, NEW]

    def test_a_full_queue_refuses_at_once_and_takes_nothing(self, log, gate):
        gate.open.clear()
        log.submit([entry("first")])
        waiting = log.submit([entry(f"w-{n}") for n in range(9)])
        with pytest.raises(LogBusy) as busy:
            log.submit([entry("late")])
        assert busy.value.retry_after >= 1
        assert log.room() == (0, 10)
        gate.open.set()
        assert len(waiting.result(10)) == 9
        assert log.find([entry("late").originator]) == {}

    def test_little_free_disk_refuses_at_once(self, gate, tmp_path):
        log = GroupCommitLog(gate, tmp_path, min_free_bytes=1 << 60)
        with pytest.raises(LogUnwritable, match="free"):
            log.submit([entry()])
        log.close()

    def test_many_threads_share_groups_and_nothing_is_lost(self, log, gate):
        def sender(thread):
            for n in range(50):
                while True:
                    try:
                        log.submit([entry(f"{thread}-{n}"), entry(f"shared-{n}")]).result(10)
                        break
                    except LogBusy:
                        continue

        threads = [threading.Thread(target=sender, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert log.last() == 8 * 50 + 50

    def test_closing_commits_what_is_queued(self, gate, tmp_path):
        log = GroupCommitLog(gate, tmp_path, min_free_bytes=0)
        gate.open.clear()
        futures = [log.submit([entry(f"e-{n}")]) for n in range(3)]
        closing = threading.Thread(target=log.close)
        closing.start()
        gate.open.set()
        closing.join(10)
        assert [future.result(0)[0].row for future in futures] == [1, 2, 3]
        with pytest.raises(LogUnwritable):
            log.submit([entry("late")])


def _uuid(number):
    import uuid

    return uuid.UUID(int=number + 1)
