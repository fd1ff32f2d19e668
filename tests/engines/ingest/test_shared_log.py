"""Several doors on one PostgreSQL log are one door: sites, decisions, persons and identities are common."""

import asyncio
import json
import shutil
import time

import pytest

from ingest.assembly import open_door
from ingest.errors import LogMismatch, LogUnwritable
from ingest.intake import FOLLOW_EVERY_S
from ingest.log.postgres_reader import PostgresLogReader
from ingest.vault import Reference
from tests.doorway import ADMIN, TILL, Clock, event, raw, registration, until
from tests.engines.postgres import Postgres, running

CUSTOMER = {
    "feedback_id": "f-1",
    "instrument": "nps",
    "score": 9,
    "customer_ref": "anna@example.com",
    "verbatim": "quick and kind",
}


def feedback(event_id, **data):
    return event(event_id, type="moments.feedback.given", data={**CUSTOMER, "feedback_id": event_id, **data})


def with_doors(folder, url, story, *, count=2, **settings):
    """Doors with folders of their own on one log, with one vault key as docs/operations.md says."""

    async def whole():
        doors = []
        for number in range(count):
            data = folder / f"door{number}"
            if number:
                (data / "vault").mkdir(parents=True, exist_ok=True)
                shutil.copy(folder / "door0" / "vault" / "vault.key", data / "vault" / "vault.key")
            given = {"now_ms": Clock(), "min_free_bytes": 0, **settings}
            doors.append(await asyncio.to_thread(open_door, data, log_url=url, **given))
            await doors[-1].start()
        try:
            return await story(*doors)
        finally:
            for parts in doors:
                await parts.stop()

    return asyncio.run(whole())


def records(url):
    reader = PostgresLogReader(url)
    try:
        return [record for _, record in reader.read(0, 10_000).records]
    finally:
        reader.close()


def test_a_door_with_another_vault_key_is_refused_in_one_line(database, tmp_path):
    open_door(tmp_path / "one", log_url=database, min_free_bytes=0).log.close()
    with pytest.raises(LogMismatch, match=r"copy that door's vault/vault.key to .*two/vault/vault.key"):
        open_door(tmp_path / "two", log_url=database, min_free_bytes=0)
    # nothing was made that would have to be removed first
    assert not (tmp_path / "two" / "vault" / "vault.key").exists()
    (tmp_path / "two" / "vault" / "vault.key").write_bytes(bytes(32))
    with pytest.raises(LogMismatch, match="copy that door's"):
        open_door(tmp_path / "two", log_url=database, min_free_bytes=0)


def test_a_folder_belongs_to_one_log(postgres, database, tmp_path):
    open_door(tmp_path / "sqlite", min_free_bytes=0).log.close()
    open_door(tmp_path / "door", log_url=database, min_free_bytes=0).log.close()
    open_door(tmp_path / "door", log_url=database, min_free_bytes=0).log.close()
    postgres.emptied()  # the address names another log now
    with pytest.raises(LogMismatch, match="has served another log than postgresql://"):
        open_door(tmp_path / "door", log_url=database, min_free_bytes=0)


def test_a_folder_with_events_of_its_own_is_not_left_behind(database, tmp_path):
    async def story():
        parts = open_door(tmp_path, now_ms=Clock(), min_free_bytes=0)
        await parts.start()
        assert (await parts.door.submit(raw(registration()), ADMIN)).accepted == 1
        await parts.stop()

    asyncio.run(story())
    with pytest.raises(LogMismatch, match=r"events.db has events: with MOMENTS_LOG_URL they would be left"):
        open_door(tmp_path, log_url=database, min_free_bytes=0)


def test_what_one_door_registers_the_other_takes_at_once(database, tmp_path):
    async def story(one, other):
        waits = await other.door.submit(raw(event("early")), TILL)
        assert (waits.rejected, waits.results[0].code) == (1, "unknown_site")
        assert (await one.door.submit(raw(registration()), ADMIN)).accepted == 1
        assert (await other.door.submit(raw(event("late")), TILL)).accepted == 1
        # and what has waited at the other is taken in by itself
        await until(lambda: other.letters.waiting_total() == 0)

    with_doors(tmp_path, database, story)
    assert [record.id for record in records(database)] == ["site-msk-04", "late", "early"]


def test_what_waits_at_a_quiet_door_is_taken_in_within_seconds(database, tmp_path):
    async def story(one, other):
        assert (await other.door.submit(raw(event("early")), TILL)).rejected == 1
        await one.door.submit(raw(registration()), ADMIN)
        began = time.monotonic()
        await until(lambda: other.letters.waiting_total() == 0)
        assert time.monotonic() - began < 5 * FOLLOW_EVERY_S

    with_doors(tmp_path, database, story)


def department(code, tier, event_id):
    return event(
        event_id,
        source="/head-office",
        type="moments.department.registered",
        siteid=None,
        data={"department": code, "tier": tier, "title": code},
    )


def test_doors_that_decide_at_once_keep_the_rules(database, tmp_path):
    """A code keeps its tier for ever: of two doors that give it two, one is refused, whoever is quicker."""
    rounds = 12

    async def story(one, other):
        for n in range(rounds):
            answers = await asyncio.gather(
                one.door.submit(raw(department(f"bar-{n}", "provider", f"one-{n}")), ADMIN),
                other.door.submit(raw(department(f"bar-{n}", "support", f"other-{n}")), ADMIN),
            )
            assert sorted(answer.accepted for answer in answers) == [0, 1], answers
            (refused,) = [each for answer in answers for each in answer.results]
            assert refused.code == "rule_violated"
        return one.register.structure, other.register.structure

    with_doors(tmp_path, database, story)
    decided = records(database)
    assert len(decided) == rounds
    # a door that comes later reads the same from the log: whole aggregates, one history
    async def later(third):
        departments = third.register.structure.dictionary().departments
        for record in decided:
            data = json.loads(bytes(record.data))
            assert departments[data["department"]].tier == data["tier"]

    with_doors(tmp_path, database, later, count=1)


def test_many_decisions_of_two_doors_at_once_are_all_stored(database, tmp_path):
    async def story(one, other):
        sites = [f"s-{n}" for n in range(30)]
        answers = await asyncio.gather(
            *(
                parts.door.submit(raw(registration(site)), ADMIN)
                for n, site in enumerate(sites)
                for parts in ((one, other) if n % 2 else (other, one))
            )
        )
        # every site was registered at both doors with one identity: once it is new, once a duplicate
        assert sum(answer.accepted for answer in answers) == len(sites)
        assert sum(answer.duplicate for answer in answers) == len(sites)
        assert not any(result.conflict for answer in answers for result in answer.results)
        for parts in (one, other):
            await parts.door.follow()
            assert set(parts.register.codes("site")) == set(sites)

    with_doors(tmp_path, database, story)


def test_a_person_is_one_at_all_doors_and_forgotten_at_all(database, tmp_path):
    async def story(one, other):
        await one.door.submit(raw(registration()), ADMIN)
        for parts, name in ((one, "a"), (other, "b")):
            assert (await parts.door.submit(raw(feedback(name)), TILL)).accepted == 1
        # the same event at another door says the same, persons included
        again = await other.door.submit(raw(feedback("a")), TILL)
        assert (again.duplicate, again.results[0].conflict) == (1, False)
        assert one.vault.forget("customer", "anna@example.com")
        assert other.vault.known(Reference("customer", "anna@example.com")) is None
        await other.door.submit(raw(feedback("c")), TILL)

    with_doors(tmp_path, database, story)
    a, b, c = (json.loads(bytes(record.data)) for record in records(database)[1:])
    assert a["customer_ref"] == b["customer_ref"] != c["customer_ref"]
    assert "anna" not in str([a, b, c])


def test_two_doors_that_meet_many_persons_at_once_agree(database, tmp_path):
    async def story(one, other):
        await one.door.submit(raw(registration()), ADMIN)
        batches = [
            (parts, [feedback(f"{name}-{n}", customer_ref=f"guest-{n}") for n in range(200)])
            for parts, name in ((one, "a"), (other, "b"))
        ]
        await asyncio.gather(*(parts.door.submit(raw(*batch), TILL) for parts, batch in batches))

    with_doors(tmp_path, database, story)
    surrogates = {}
    for record in records(database)[1:]:
        surrogates.setdefault(record.id[2:], set()).add(json.loads(bytes(record.data))["customer_ref"])
    assert [len(each) for each in surrogates.values()] == [1] * 200


@pytest.fixture
def own_postgres():
    """A server to kill and restart."""
    with running() as server:
        yield server


def is_away(parts):
    try:
        parts.log.check_writable()
    except LogUnwritable as away:
        return "database does not answer" in str(away)
    return False


def test_kills_of_backends_and_server_lose_nothing_that_was_answered(own_postgres: Postgres, tmp_path):
    """Two doors in the middle of sending: the backends die, the server dies and comes back. 503 meanwhile."""
    url = own_postgres.emptied()
    answered: set[str] = set()
    refused: list[str] = []
    stop = asyncio.Event()

    async def send(parts, name):
        n = 0
        while not stop.is_set():
            ids = [f"{name}-{n}-{k}" for k in range(5)] + [f"common-{n}"]
            batch = raw(*(event(each) for each in ids))
            while True:
                try:
                    told = await parts.door.submit(batch, TILL)
                    break
                except LogUnwritable as away:
                    refused.append(str(away))
                    await asyncio.sleep(0.05)
            assert told.accepted + told.duplicate == 6, told
            answered.update(ids)
            n += 1

    async def story(one, other):
        assert (await one.door.submit(raw(registration()), ADMIN)).accepted == 1
        senders = [asyncio.create_task(send(one, "one")), asyncio.create_task(send(other, "other"))]

        async def progress(more):
            goal = len(answered) + more
            await until(lambda: len(answered) >= goal or any(task.done() for task in senders), seconds=60)

        await progress(100)
        for _ in range(2):
            assert await asyncio.to_thread(own_postgres.kill_backends) > 0
            await progress(100)
        for end in (own_postgres.kill, own_postgres.stop):
            await asyncio.to_thread(end)
            # both doors say so at once now, to requests and to /readyz
            await until(lambda: is_away(one) and is_away(other), seconds=30)
            await asyncio.to_thread(own_postgres.start)
            await progress(100)
        stop.set()
        await asyncio.gather(*senders)

    with_doors(tmp_path, url, story)
    assert not any("\n" in each for each in refused)
    stored = [record.id for record in records(url)]
    assert len(stored) == len(set(stored))
    assert answered <= set(stored)
