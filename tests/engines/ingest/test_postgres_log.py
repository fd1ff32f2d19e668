"""The PostgreSQL log keeps the contract, also between processes that write it at once."""

import multiprocessing
import threading
import uuid

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent

from ingest.errors import DecisionOvertaken, LogInUse, LogMismatch, LogUnwritable
from ingest.log.number import LogIdentity
from ingest.log.port import Entry
from ingest.log.postgres import WRITER, PostgresLogStore, open_store, parameters, prepare, turn
from ingest.log.postgres_reader import PostgresLogReader
from ingest.log.writer import GroupCommitLog, PlainSealer
from tests.engines.ingest.log_contract import EventLogContract, Gate, entry, verdicts


class TestPostgresLog(EventLogContract):
    @pytest.fixture
    def gate(self, database):
        return Gate(PostgresLogStore(database))


@pytest.fixture
def reader(database):
    reader = PostgresLogReader(database)
    yield reader
    reader.close()


@pytest.fixture
def logs(database, tmp_path):
    """Two doors' logs on one database."""
    opened = [GroupCommitLog(PostgresLogStore(database), tmp_path, min_free_bytes=0) for _ in range(2)]
    yield opened
    for log in opened:
        log.close()


def sealed(*entries):
    PlainSealer().seal(entries)
    return list(entries)


def site_row(number=1, version=1):
    return StoredEvent(
        originator_id=uuid.UUID(int=number), originator_version=version, topic="m:Site", state=b"{}"
    )


def test_an_address_that_is_none_is_refused_in_one_line_without_the_password():
    for wrong in ("mysql://u:secret@h/db", "postgresql://u:sec/ret@h:1/db", "postgresql://u:secret@h:5432"):
        with pytest.raises(LogMismatch, match="MOMENTS_LOG_URL") as refused:
            parameters(wrong)
        assert "sec" not in str(refused.value)


def test_a_server_that_is_away_is_one_line(postgres):
    with pytest.raises(LogUnwritable, match=r"postgresql://127\.0\.0\.1:1/db: connection failed: ") as away:
        open_store("postgresql://u:p@127.0.0.1:1/db")
    assert "\n" not in str(away.value)
    with pytest.raises(LogUnwritable, match='database "nowhere" does not exist'):
        open_store(postgres.url("nowhere"))


def test_the_table_is_the_recorder_s_own(logs, reader):
    log = logs[0]
    log.submit([entry()]).result(10)
    [stored] = log.recorder.select_notifications(start=1, limit=10)
    assert (stored.id, stored.originator_version, stored.topic) == (1, 1, "moments.visit.started")
    log.recorder.insert_events([site_row()])
    assert [event.topic for event in log.recorder.select_events(uuid.UUID(int=1))] == ["m:Site"]
    assert reader.last() == 2


def test_commits_are_durable_whatever_the_role_says(postgres, database):
    name = database.rpartition("/")[2]
    postgres.run(f"ALTER ROLE moments IN DATABASE {name} SET synchronous_commit = off")
    store = PostgresLogStore(database)
    with store.datastore.rows() as c:
        assert c.execute("SHOW synchronous_commit").fetchone() == ("on",)
    store.close()
    postgres.run(f"ALTER ROLE moments IN DATABASE {name} RESET ALL")


def test_another_door_s_identity_is_a_duplicate(logs):
    one, other = logs
    assert verdicts(one, entry(), entry("x")) == [(True, False, False)] * 2
    assert verdicts(other, entry(), entry("x", ms=5)) == [(True, True, False), (True, True, True)]


def test_an_insert_whose_identity_came_in_meanwhile_stores_nothing(logs):
    one, other = (log._store for log in logs)
    one.insert(sealed(entry("a")))
    with pytest.raises(IntegrityError):
        other.insert(sealed(entry("b"), entry("a")))
    assert other.find([entry("b").originator]) == {}
    assert other.insert(sealed(entry("b"))) > [1]


def write(url, folder, number, count, results):
    """One door in a process of its own: half of what it sends, the other door sends too."""
    log = GroupCommitLog(PostgresLogStore(url), folder, min_free_bytes=0, linger_s=0)
    new = 0
    for n in range(count):
        batch = [entry(f"{number}-{n}"), entry(f"shared-{n}"), entry(f"{number}-{n}-b")]
        found = log.submit(batch).result(30)
        assert [verdict.conflict for verdict in found] == [False] * 3
        new += sum(not verdict.duplicate for verdict in found)
    log.close()
    results.put(new)


def test_two_writing_processes_store_each_identity_once_and_a_reader_skips_no_row(database, tmp_path, reader):
    PostgresLogStore(database).close()
    spawn = multiprocessing.get_context("spawn")
    results = spawn.Queue()
    writers = [
        spawn.Process(target=write, args=(database, tmp_path, number, 400, results)) for number in (1, 2)
    ]
    for writer in writers:
        writer.start()
    read = []
    upto = 0
    while len(read) < 2000 and (any(writer.is_alive() for writer in writers) or reader.last() > upto):
        batch = reader.read(upto, 7)
        read += batch.records
        upto = batch.upto
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    # 400 shared, and 400 pairs of each: by one reading in order, nothing came in behind it
    ids = [record.id for _, record in read]
    assert (len(ids), len(set(ids))) == (2000, 2000)
    assert results.get() + results.get() == 2000
    assert reader.read(0, 10_000).records == read


def test_a_number_is_visible_only_after_all_before_it(database, reader):
    """Given a door that has taken numbers and not committed, another one's commit does not overtake it."""
    store = PostgresLogStore(database)
    with psycopg.connect(**parameters(database)) as slow:
        slow.execute("SELECT pg_advisory_xact_lock(%s, %s)", turn(WRITER))
        slow.execute(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
            " SELECT gen_random_uuid(), 2, 'm:Slow', '' FROM generate_series(1, 3)"
        )
        quick = threading.Thread(target=store.insert, args=(sealed(entry()),))
        quick.start()
        quick.join(0.3)
        assert quick.is_alive()
        assert reader.last() == 0
    quick.join(10)
    assert (reader.last(), [row for row, _ in reader.read(0, 10).records]) == (4, [4])
    store.close()


def test_the_recorder_s_own_insert_waits_for_the_turn_too(database, reader):
    """Whoever writes through eventsourcing itself takes the table's lock, which an open insert holds."""
    store = PostgresLogStore(database)
    with psycopg.connect(**parameters(database)) as slow:
        slow.execute("SELECT pg_advisory_xact_lock(%s, %s)", turn(WRITER))
        slow.execute("INSERT INTO stored_events VALUES (gen_random_uuid(), 2, 'm:Slow', '')")
        other = threading.Thread(target=store.recorder.insert_events, args=([site_row()],))
        other.start()
        other.join(0.3)
        assert other.is_alive()
        assert reader.last() == 0
    other.join(10)
    assert reader.last() == 2
    store.close()


def test_a_decision_is_stored_only_when_judged_by_the_last_one(logs):
    one, other = logs
    first = entry("a", decided=[site_row(1)])
    first.after = 0
    one.submit([first]).result(10)
    assert (one.last_decided(), other.last_decided()) == (2, 2)
    late = entry("b", decided=[site_row(2)])
    late.after = 0
    with pytest.raises(DecisionOvertaken):
        other.submit([late]).result(10)
    assert other.find([late.originator]) == {}
    late.after = 2
    assert other.submit([late]).result(10)[0].row > 2


def test_what_stands_beside_an_overtaken_decision_is_stored(database, tmp_path):
    gate = Gate(PostgresLogStore(database))
    log = GroupCommitLog(gate, tmp_path, min_free_bytes=0)
    gate.open.clear()
    first = log.submit([entry("first")])
    late = entry("late", decided=[site_row()])
    late.after = 7
    overtaken, beside = log.submit([late]), log.submit([entry("beside")])
    gate.open.set()
    assert first.result(10)[0].row == 1
    with pytest.raises(DecisionOvertaken):
        overtaken.result(10)
    assert not beside.result(10)[0].duplicate
    log.close()


def test_a_door_that_stands_still_in_its_turn_is_thrown_out(database, monkeypatch):
    monkeypatch.setattr("ingest.log.postgres.STANDING_S", 1)
    store = PostgresLogStore(database)
    with psycopg.connect(**parameters(database)) as standing:
        prepare(standing)
        standing.execute("BEGIN")
        standing.execute("SELECT pg_advisory_xact_lock(%s, %s)", turn(WRITER))
        assert store.insert(sealed(entry())) == [1]  # waited for the server to end the other's session
        with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
            standing.execute("COMMIT")
    store.close()


def test_a_log_that_is_not_there_yet_reads_as_empty(reader, database):
    assert (reader.last(), reader.read(0, 10), reader.get("/till", "e-1")) == (0, ([], 0), None)
    assert (reader.identity(), reader.log_no) == (None, 1)
    store = PostgresLogStore(database, number=3)
    assert reader.identity() == store.identity
    assert reader.log_no == 3
    store.close()


def test_a_reader_follows_the_writer_in_pages(logs, reader):
    logs[0].submit([entry(f"e-{n}") for n in range(5)]).result(10)
    first = reader.read(0, 3)
    assert [(row, record.id) for row, record in first.records] == [(1, "e-0"), (2, "e-1"), (3, "e-2")]
    rest = reader.read(first.upto, 3)
    assert ([row for row, _ in rest.records], rest.upto) == ([4, 5], 5)
    assert reader.read(5, 3) == ([], 5)
    logs[1].submit([entry("late", decided=[site_row()])]).result(10)
    assert reader.read(5, 3).upto == 7
    assert reader.get("/till", "late")[0] == 6


def test_one_relay_reads_a_log_wherever_it_runs(database):
    PostgresLogStore(database).close()
    one, other = (PostgresLogReader(database, alone=True) for _ in range(2))
    assert one.last() == 0
    with pytest.raises(LogInUse, match=r"another relay already sends the log in postgresql://127\."):
        other.last()
    one.close()
    assert other.last() == 0
    other.close()


def test_the_number_stands_from_the_first_door_on(database):
    store = PostgresLogStore(database, number=2)
    assert store.identity == LogIdentity(2, store.identity.uuid)
    for number in (2, None):
        again = PostgresLogStore(database, number=number)
        assert again.identity == store.identity
        again.close()
    with pytest.raises(LogMismatch, match="has the number 2 for good: MOMENTS_LOG_NO=3 cannot change it"):
        PostgresLogStore(database, number=3)
    store.close()


def test_doors_may_make_the_log_at_once(database):
    stores = []
    makers = [threading.Thread(target=lambda: stores.append(PostgresLogStore(database))) for _ in range(4)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join(30)
    assert len({store.identity for store in stores}) == 1
    assert len(stores) == 4
    for store in stores:
        store.close()


def test_the_refusal_of_a_known_identity_needs_no_record(logs):
    verdicts(logs[0], entry())
    assert verdicts(logs[1], Entry(entry().originator, None, refused=True)) == [(True, True, True)]
