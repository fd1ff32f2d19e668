"""The door as a use case: what is refused and why, what counts once, what waits and comes in."""

import asyncio
import base64
import json

import pytest

from domain.times import DAY_MS, parse_rfc3339
from ingest.bodies import Binary
from ingest.dead_letters import LetterFilter
from ingest.errors import LogBusy, LogUnwritable, NotAllowed, QuotaExceeded
from ingest.keys import KeyScope
from ingest.log.reader import LogReader
from tests.doorway import ADMIN, NOW, SITE, TILL, Clock, event, raw, registration, until, with_door

EVENT_MS = parse_rfc3339("2026-11-02T05:30:00Z")


def submit(folder, *requests, **settings):
    """Sends (events, scope) one after the other to a door that knows the site; their summaries."""

    async def story(parts):
        await parts.door.submit(raw(registration()), ADMIN)
        return [await parts.door.submit(raw(*events), scope) for events, scope in requests]

    return with_door(folder, story, **settings)


def codes(summary):
    return [(result.index, getattr(result, "code", result.status)) for result in summary.results]


@pytest.mark.parametrize(
    ("broken", "code", "pointer"),
    [
        (event(id=None), "missing_attribute", "/id"),
        (event("x" * 129), "id_too_long", "/id"),
        (event(time="2026-11-02T08:30:00"), "invalid_time", "/time"),
        (event(type="moments.nonsense"), "unknown_type", "/type"),
        (event(dataschema="https://x/moment.occurred/99"), "unknown_version", "/dataschema"),
        (event(data={"moment": "seating"}), "invalid_data", "/data/outcome"),
        (event(siteid=None), "missing_attribute", "/siteid"),
        (event(siteid="nowhere"), "unknown_site", "/siteid"),
        (event(data={"moment": "nonsense", "outcome": "met"}), "unknown_moment", "/data/moment"),
        (
            event(data={"moment": "seating", "outcome": "met", "department": "x"}),
            "unknown_department",
            "/data/department",
        ),
        (
            event(data={"moment": "seating", "outcome": "met", "channel": "x"}),
            "unknown_channel",
            "/data/channel",
        ),
        (
            event(
                type="moments.promise.made",
                data={
                    "promise_id": "p",
                    "visit_id": "v",
                    "kind": "seating",
                    "made_by": "front_of_house",
                    "window_s": 60,
                    "stages": [{"stage": "s", "department": "x", "budget_s": 1}],
                },
            ),
            "unknown_department",
            "/data/stages/0/department",
        ),
        (registration("new"), "admin_required", "/type"),
    ],
)
def test_a_fault_has_its_code_and_pointer_and_is_kept(tmp_path, broken, code, pointer):
    async def story(parts):
        await parts.door.submit(raw(registration()), ADMIN)
        summary = await parts.door.submit(raw(broken), TILL)
        [letter] = parts.letters.page(LetterFilter(), before=None, limit=9)
        return summary, letter, parts.letters.open(letter.letter).raw

    summary, letter, kept = with_door(tmp_path, story)
    assert (summary.accepted, summary.rejected) == (0, 1)
    [result] = summary.results
    assert (result.code, result.pointer, result.id) == (code, pointer, broken.get("id"))
    assert (letter.code, letter.site, letter.key) == (code, broken.get("siteid", ""), TILL.name)
    assert [kept] == raw(broken)


@pytest.mark.parametrize(
    "broken", [b"{", b"42", b"null", b'"x"', b"[]", b"\xff", b'{"id":"\\ud800"}', b"[" * 3000]
)
def test_anything_that_is_no_event_is_refused_by_its_index(tmp_path, broken):
    async def story(parts):
        await parts.door.submit(raw(registration()), ADMIN)
        return await parts.door.submit([*raw(event("a")), broken, *raw(event("b"))], TILL)

    summary = with_door(tmp_path, story)
    assert (summary.accepted, summary.rejected) == (2, 1)
    assert summary.results[0].index == 1


def test_events_have_an_age_unless_an_admin_imports(tmp_path):
    limits = {
        35 * DAY_MS: "accepted",
        35 * DAY_MS + 1: "too_old",
        -300_000: "accepted",
        -300_001: "time_in_future",
    }
    for ahead, expected in limits.items():

        async def story(parts, ahead=ahead):
            await parts.door.submit(raw(registration()), ADMIN, import_=True)
            parts.door.now_ms.now = EVENT_MS + ahead
            plain = await parts.door.submit(raw(event(f"e{ahead}")), TILL, all_results=True)
            brought = await parts.door.submit(raw(event(f"i{ahead}")), ADMIN, import_=True, all_results=True)
            return codes(plain)[0][1], codes(brought)[0][1]

        plain, brought = with_door(tmp_path, story)
        assert plain == expected
        assert brought == ("time_in_future" if expected == "time_in_future" else "accepted")


def test_only_who_may_send_sends(tmp_path):
    async def story(parts):
        with pytest.raises(NotAllowed):
            await parts.door.submit(raw(event()), KeyScope("reader", "read"))
        with pytest.raises(NotAllowed):
            await parts.door.submit(raw(event()), TILL, import_=True)
        return parts.log.last()

    assert with_door(tmp_path, story) == 0


class TestLimitedKeys:
    HERE = KeyScope("here", "ingest", sites=frozenset({SITE}))
    NORTH = KeyScope("north", "ingest", regions=frozenset({"north"}))

    def test_a_request_only_for_other_sites_is_not_allowed_and_leaves_nothing(self, tmp_path):
        async def story(parts):
            await parts.door.submit(raw(registration(), registration("spb", region="south")), ADMIN)
            for scope in (self.HERE, self.NORTH):
                with pytest.raises(NotAllowed) as refusal:
                    await parts.door.submit(raw(event(siteid="spb"), event("e-2", siteid="spb")), scope)
                assert refusal.value.pointers == ("/0/siteid", "/1/siteid")
            return parts.letters.page(LetterFilter(), before=None, limit=9)

        assert with_door(tmp_path, story) == []

    def test_among_others_it_is_that_event_s_fault(self, tmp_path):
        [summary] = submit(tmp_path, ([event(), event("e-2", siteid="spb")], self.HERE))
        assert codes(summary) == [(1, "not_allowed_site")]

    def test_a_known_identity_at_another_site_is_not_given_away(self, tmp_path):
        first, second = submit(
            tmp_path,
            ([event("known")], TILL),
            ([event("mine", siteid="x"), event("known")], KeyScope("x", "ingest", frozenset({"x"}))),
        )
        assert first.accepted == 1
        assert codes(second) == [(0, "unknown_site"), (1, "not_allowed_site")]

    def test_a_key_for_a_region_waits_for_a_site_nobody_registered_yet(self, tmp_path):
        [summary] = submit(tmp_path, ([event(siteid="new"), event("e-2")], self.NORTH))
        assert codes(summary) == [(0, "unknown_site")]

    def test_a_limited_admin_decides_for_its_sites_only(self, tmp_path):
        scope = KeyScope("area", "admin", sites=frozenset({SITE}))
        chain = event(
            "d",
            type="moments.channel.registered",
            siteid=None,
            data={"code": "zeppelin", "title": "Zeppelin"},
        )
        [summary] = submit(tmp_path, ([event(), chain, registration("spb")], scope))
        assert codes(summary) == [(1, "not_allowed_site"), (2, "not_allowed_site")]


class TestIdentity:
    def test_a_resend_is_a_duplicate_and_only_another_fact_is_a_conflict(self, tmp_path):
        same = event()
        other = event(data={"moment": "seating", "outcome": "failed", "visit_id": "v-1"})
        first, second, third = submit(tmp_path, ([same], TILL), ([same], TILL), ([other], TILL))
        assert (first.accepted, second.duplicate, third.duplicate) == (1, 1, 1)
        assert [second.results[0].conflict, third.results[0].conflict] == [False, True]
        assert first.position == second.position == third.position

    def test_also_when_the_resend_would_be_refused(self, tmp_path):
        summaries = submit(
            tmp_path,
            ([event()], TILL),
            ([event(siteid="nowhere")], TILL),
            ([event(time="2020-01-01T00:00:00Z")], TILL),
            ([event(data={})], TILL),
            ([event(time="nonsense")], TILL),
        )
        assert [(s.accepted, s.duplicate, s.rejected) for s in summaries] == [(1, 0, 0)] + [(0, 1, 0)] * 4
        assert all(summary.results[0].conflict for summary in summaries[1:])

    def test_a_refused_event_does_not_use_up_its_identity(self, tmp_path):
        refused, accepted = submit(tmp_path, ([event(data={})], TILL), ([event()], TILL))
        assert (refused.rejected, accepted.accepted) == (1, 1)

    def test_within_one_request_too(self, tmp_path):
        [summary] = submit(tmp_path, ([event(data={}), event(), event(), event(siteid="nowhere")], TILL))
        assert codes(summary) == [(0, "invalid_data"), (2, "duplicate"), (3, "duplicate")]
        assert [result.conflict for result in summary.results[1:]] == [False, True]

    def test_the_position_covers_duplicates_and_never_goes_back(self, tmp_path):
        *_, old, nothing = submit(
            tmp_path,
            ([event("a")], TILL),
            ([event("b")], TILL),
            ([event("a")], TILL),
            ([event("c", data={})], TILL),
        )
        rows = [int(summary.position.split("-")[1]) for summary in (old, nothing)]
        assert rows[1] > rows[0]

    def test_persons_are_compared_through_the_vault(self, tmp_path):
        def visit(customer):
            return event(
                type="moments.visit.started",
                data={"visit_id": "v", "channel": "dine_in", "customer_ref": customer},
            )

        async def story(parts):
            await parts.door.submit(raw(registration()), ADMIN)
            sent = [await parts.door.submit(raw(visit(name)), TILL) for name in ("anna", "anna", "boris")]
            parts.vault.forget("customer", "anna")
            sent.append(await parts.door.submit(raw(visit("anna")), TILL))
            return sent

        first, same, other, forgotten = with_door(tmp_path, story)
        assert first.accepted == 1
        assert [s.results[0].conflict for s in (same, other, forgotten)] == [False, True, False]
        for file in (tmp_path / "log").iterdir():
            assert b"anna" not in file.read_bytes()


def test_what_is_stored_is_what_was_sent(tmp_path):
    sent = event(
        sequence="17", recordedtime="2026-11-02T05:30:01Z", traceparent="00-1", subject="x", tenant="y"
    )
    submit(tmp_path, ([sent], TILL))
    reader = LogReader(tmp_path / "log" / "events.db")
    _, record = reader.get(sent["source"], sent["id"])
    reader.close()
    assert (record.time, record.ms, record.site, record.key, record.received) == (
        sent["time"],
        EVENT_MS,
        SITE,
        TILL.name,
        NOW,
    )
    assert record.ext == {
        name: sent[name] for name in ("sequence", "recordedtime", "traceparent", "subject", "tenant")
    }


@pytest.mark.parametrize("member", ["data_base64", "data\\u005fbase64", "data"])
def test_no_envelope_brings_a_person_past_the_vault(tmp_path, member):
    data = json.dumps({"visit_id": "v", "channel": "dine_in", "customer_ref": "anna-k"})
    envelope = event(type="moments.visit.started", data=0)
    value = data if member == "data" else json.dumps(base64.b64encode(data.encode()).decode())
    body = json.dumps(envelope).replace('"data": 0', f'"{member}": {value}').encode()

    async def story(parts):
        await parts.door.submit(raw(registration()), ADMIN)
        return await parts.door.submit([body], TILL)

    assert with_door(tmp_path, story).accepted == 1
    hidden = (b"anna-k", base64.b64encode(data.encode())[8:-8])
    for file in (tmp_path / "log").iterdir():
        assert all(each not in file.read_bytes() for each in hidden)


def test_binary_mode_is_taken_and_refused_and_kept_alike(tmp_path):
    headers = [
        ("ce-specversion", "1.0"),
        ("ce-id", "b%201"),
        ("ce-source", "/s"),
        ("ce-type", "moments.moment.occurred"),
        ("ce-time", "2026-11-02T05:30:00Z"),
        ("ce-siteid", SITE),
        ("content-type", "application/json"),
    ]
    good = Binary(headers, b'{"moment":"seating","outcome":"met"}')

    async def story(parts):
        first = await parts.door.submit([good], TILL)
        opened = parts.letters.open(1)
        await parts.door.submit(raw(registration()), ADMIN)
        await until(lambda: parts.letters.open(1).letter.status == "taken")
        again = await parts.door.submit([good, Binary(headers[:3], b"{}"), Binary(headers, b"{")], TILL)
        return first, opened, again

    first, opened, again = with_door(tmp_path, story)
    assert codes(first) == [(0, "unknown_site")]
    assert (opened.letter.event_id, opened.letter.form) == (
        "b%201",
        "binary",
    ) or opened.letter.event_id == "b 1"
    assert (again.duplicate, again.rejected) == (2, 1)


class TestDecisions:
    def test_a_site_lets_later_events_of_the_same_request_in(self, tmp_path):
        async def story(parts):
            return await parts.door.submit(raw(event("before"), registration(), event("after")), ADMIN)

        assert codes(with_door(tmp_path, story)) == [(0, "unknown_site")]

    def test_a_decision_again_is_a_duplicate_not_a_broken_rule(self, tmp_path):
        [again, twice] = submit(
            tmp_path, ([registration()], ADMIN), ([registration("x"), registration("x")], ADMIN)
        )
        assert (again.duplicate, again.results[0].conflict) == (1, False)
        assert (twice.accepted, twice.duplicate) == (1, 1)

    def test_a_decision_that_breaks_a_rule_is_refused_and_changes_nothing(self, tmp_path):
        weight = event(
            "w",
            type="moments.moment_weight.set",
            siteid=None,
            source="/ho",
            data={"moment": "seating", "weight": 0, "valid_from": "2026-12-01"},
        )
        old = event(
            "o",
            type="moments.moment_weight.set",
            siteid=None,
            source="/ho",
            data={"moment": "seating", "weight": 2, "valid_from": "2026-01-01"},
        )
        [summary] = submit(tmp_path, ([weight, event(), old], ADMIN))
        assert [index for index, _ in codes(summary)] == [0, 2]
        assert summary.accepted == 1

    def test_a_restart_knows_what_was_decided(self, tmp_path):
        submit(tmp_path, ([registration("x")], ADMIN))
        [summary] = submit(tmp_path, ([event("e-9", siteid="x")], TILL))
        assert summary.accepted == 1

    def test_a_decision_that_cannot_be_stored_never_was(self, tmp_path):
        async def story(parts):
            await parts.door.submit(raw(registration()), ADMIN)
            insert = parts.log._store.insert
            parts.log._store.insert = _fail
            with pytest.raises(LogUnwritable):
                await parts.door.submit(raw(registration("x"), event("a", siteid="x")), ADMIN)
            parts.log._store.insert = insert
            refused = await parts.door.submit(raw(event("b", siteid="x")), TILL)
            accepted = await parts.door.submit(raw(registration("x"), event("a", siteid="x")), ADMIN)
            return refused, accepted

        refused, accepted = with_door(tmp_path, story)
        assert codes(refused) == [(0, "unknown_site")]
        assert accepted.accepted == 2

    def test_nobody_is_let_in_by_a_decision_still_on_its_way(self, tmp_path):
        async def story(parts):
            insert, parts.log._store.insert = parts.log._store.insert, _fail
            deciding = asyncio.create_task(parts.door.submit(raw(registration("x")), ADMIN))
            await asyncio.sleep(0)
            facts = asyncio.create_task(parts.door.submit(raw(event("a", siteid="x")), TILL))
            with pytest.raises(LogUnwritable):
                await deciding
            parts.log._store.insert = insert
            return await facts

        assert codes(with_door(tmp_path, story)) == [(0, "unknown_site")]

    def test_who_decided_is_written_down(self, tmp_path):
        async def story(parts):
            await parts.door.submit(raw(registration()), ADMIN)
            return parts.keys.trail()

        [entry] = with_door(tmp_path, story)
        assert (entry.who, entry.action, entry.subject) == (ADMIN.name, "moments.site.registered", SITE)


def _fail(entries):
    from eventsourcing.persistence import OperationalError

    raise OperationalError("disk I/O error")


class TestIntake:
    def test_what_waits_comes_in_with_its_registration_judged_by_its_first_receipt(self, tmp_path):
        clock = Clock()

        async def story(parts):
            first = await parts.door.submit(raw(event()), TILL)
            clock.now += 60 * DAY_MS
            await parts.door.submit(raw(registration()), ADMIN, import_=True)
            await until(lambda: parts.letters.open(1).letter.status == "taken")
            again = await parts.door.submit(raw(event()), TILL)
            return first, again, parts.letters.waiting_total()

        first, again, waiting = with_door(tmp_path, story, now_ms=clock)
        assert codes(first) == [(0, "unknown_site")]
        assert (again.duplicate, again.results[0].conflict, waiting) == (1, False, 0)
        reader = LogReader(tmp_path / "log" / "events.db")
        assert reader.get("/sites/msk-04/till-2", "e-1")[1].received == NOW
        reader.close()

    def test_what_waits_for_two_things_waits_for_both(self, tmp_path):
        thing = event(data={"moment": "juggling", "outcome": "met", "department": "circus"})
        department = event(
            "d",
            type="moments.department.registered",
            siteid=None,
            data={"department": "circus", "tier": "support", "title": "Circus"},
        )
        moment = event(
            "m",
            type="moments.moment.registered",
            siteid=None,
            data={
                "code": "juggling",
                "title": "Juggling",
                "phase": "make",
                "ring": "experience",
                "weight": 1,
                "split": {"circus": 1},
            },
        )

        async def story(parts):
            await parts.door.submit(raw(thing), TILL)
            seen = []
            for decision in (registration(), moment, department):
                await parts.door.submit(raw(decision), ADMIN)
                await until(lambda: not parts.intake._wake.is_set())
                seen.append(parts.letters.open(1).letter.waits_for)
            await until(lambda: parts.letters.waiting_total() == 0)
            return seen[0], parts.letters.open(1).letter, parts.letters.open(2).letter

        _, first, waiting_decision = with_door(tmp_path, story)
        assert first.status == "taken"
        assert (waiting_decision.type, waiting_decision.status) == ("moments.moment.registered", "taken")

    def test_a_key_is_judged_as_it_was_when_it_sent(self, tmp_path):
        async def story(parts):
            south = KeyScope("south", "ingest", regions=frozenset({"south"}))
            await parts.door.submit(raw(event("mine"), event("e-9", siteid="other")), south)
            await parts.door.submit(
                raw(registration(region="south"), registration("other", region="north")), ADMIN
            )
            await until(lambda: parts.letters.waiting_total() == 0)
            return [parts.letters.open(number).letter for number in (1, 2)]

        mine, other = with_door(tmp_path, story)
        assert mine.status == "taken"
        assert (other.status, other.code) == ("refused", "not_allowed_site")

    def test_a_crash_between_decision_and_intake_is_made_good_at_the_start(self, tmp_path):
        async def before(parts):
            await parts.intake.stop()
            await parts.door.submit(raw(event()), TILL)
            await parts.door.submit(raw(registration()), ADMIN)
            return parts.letters.waiting_total()

        async def after(parts):
            await until(lambda: parts.letters.waiting_total() == 0)
            return parts.letters.open(1).letter.status

        assert with_door(tmp_path, before) == 1
        assert with_door(tmp_path, after) == "taken"

    def test_many_wait_and_all_come_in(self, tmp_path):
        async def story(parts):
            await parts.door.submit(raw(*[event(f"e-{n}") for n in range(1200)]), TILL)
            await parts.door.submit(raw(registration()), ADMIN)
            await until(lambda: parts.letters.waiting_total() == 0)
            return parts.log.last()

        assert with_door(tmp_path, story) >= 1201

    def test_a_key_may_keep_only_so_much_waiting(self, tmp_path):
        async def story(parts):
            await parts.door.submit(raw(*[event(f"e-{n}") for n in range(3)]), TILL)
            with pytest.raises(QuotaExceeded) as over:
                await parts.door.submit(raw(event("e-3"), event("e-4")), TILL)
            assert over.value.retry_after > 0
            resend = await parts.door.submit(raw(*[event(f"e-{n}") for n in range(3)]), TILL)
            other = await parts.door.submit(raw(event("x")), KeyScope("other", "ingest"))
            together = await asyncio.gather(
                *[parts.door.submit(raw(event(f"t-{n}")), TILL) for n in range(5)], return_exceptions=True
            )
            return resend.rejected, other.rejected, sum(isinstance(each, QuotaExceeded) for each in together)

        assert with_door(tmp_path, story, waiting_quota=4) == (3, 1, 4)

    def test_an_admin_replays_after_a_fix(self, tmp_path):
        async def story(parts):
            await parts.door.submit(raw(registration()), ADMIN)
            await parts.door.submit(raw(event(time="2020-01-01T00:00:00Z")), TILL)
            opened = parts.letters.open(1)
            refused = await parts.door.replay(opened, ADMIN)
            taken = await parts.door.replay(opened, ADMIN, import_=True)
            return refused.code, taken.status, parts.letters.open(1).letter.status

        assert with_door(tmp_path, story) == ("too_old", "accepted", "taken")


def test_a_log_that_is_behind_refuses_before_reading(tmp_path):
    async def story(parts):
        await parts.door.submit(raw(registration()), ADMIN)
        import threading

        gate, insert = threading.Event(), parts.log._store.insert
        parts.log._store.insert = lambda entries: gate.wait(10) and insert(entries)
        first = asyncio.create_task(parts.door.submit(raw(*[event(f"e-{n}") for n in range(4)]), TILL))
        await until(lambda: parts.log.room()[0] == 0)
        with pytest.raises(LogBusy):
            await parts.door.submit(raw(event("late")), TILL)
        gate.set()
        return (await first).accepted

    assert with_door(tmp_path, story, max_queued=4) == 4


def test_an_acknowledgement_is_awaited_and_covers_duplicates(tmp_path):
    heard = []

    async def acknowledge(row):
        heard.append(row)

    submit(
        tmp_path, ([event()], TILL), ([event()], TILL), ([event("x", data={})], TILL), acknowledge=acknowledge
    )
    assert len(heard) == 3
    assert heard[1] == heard[2] > heard[0]
