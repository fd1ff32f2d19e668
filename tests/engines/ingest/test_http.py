"""The contract of the door over HTTP: media types, statuses, headers, problem documents."""

import asyncio
import gzip
import json

import httpx
import pytest
import zstandard
from eventsourcing.persistence import OperationalError
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest import http as door_http
from tests.doorway import SITE, Clock, event, registration, until, with_door

ADMIN_KEY = "a" * 32
JSON = "application/json"


def over_http(folder, story, *, known=True, **settings):
    """Tells a story to a door over HTTP; `client(...)` sends with an admin key unless told otherwise."""

    async def whole(parts):
        app = FastAPI()
        app.include_router(parts.routes())
        transport = httpx.ASGITransport(app)
        headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://door", headers=headers) as client:
            client.parts = parts
            if known:
                assert (await post(client, registration())).status_code == 202
            return await story(client)

    return with_door(folder, whole, admin_key=ADMIN_KEY, **settings)


async def post(client, body, media=JSON, path="/v1/events", **headers):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post(path, content=content, headers={"Content-Type": media, **named})


def problem(response, status):
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == status
    assert {"type", "title", "detail"} <= document.keys()
    return document


class TestRefusals:
    def test_401_without_a_valid_key(self, tmp_path):
        async def story(client):
            for authorization in ("", "Bearer", "Bearer wrong", "Basic " + ADMIN_KEY, ADMIN_KEY):
                response = await post(client, event(), Authorization=authorization)
                problem(response, 401)
                assert response.headers["www-authenticate"].startswith("Bearer")

        over_http(tmp_path, story)

    def test_403_for_a_reading_key_for_an_import_and_for_another_site(self, tmp_path):
        async def story(client):
            before = client.parts.log.last()
            reader = client.parts.keys.create("reader", "read")
            till = client.parts.keys.create("till", "ingest", sites=["elsewhere"])
            problem(await post(client, event(), Authorization=f"Bearer {reader}"), 403)
            problem(
                await post(client, event(), path="/v1/events?import=true", Authorization=f"Bearer {till}"),
                403,
            )
            document = problem(await post(client, [event(), event("b")], Authorization=f"Bearer {till}"), 403)
            assert [error["pointer"] for error in document["errors"]] == ["/0/siteid", "/1/siteid"]
            assert client.parts.log.last() == before

        over_http(tmp_path, story)

    @pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b"42", b'[{"a":1}', b"\xff\xfe"])
    def test_400_for_a_body_that_cannot_be_read(self, tmp_path, body):
        over_http(tmp_path, lambda client: _expect(client, 400, body))

    def test_400_for_torn_compression(self, tmp_path):
        torn = gzip.compress(json.dumps(event()).encode())[:-5]
        over_http(tmp_path, lambda client: _expect(client, 400, torn, Content_Encoding="gzip"))

    def test_413_for_too_many_bytes_or_events(self, tmp_path):
        async def story(client):
            problem(await post(client, b" " * ((10 << 20) + 1)), 413)
            problem(await post(client, b"[" + b"{}," * 10_000 + b"{}]"), 413)
            problem(await post(client, gzip.compress(bytes(11 << 20)), Content_Encoding="gzip"), 413)

        over_http(tmp_path, story)

    def test_415_for_other_media_types_and_encodings(self, tmp_path):
        async def story(client):
            problem(await post(client, event(), "text/plain"), 415)
            problem(await post(client, event(), ""), 415)
            response = await post(client, event(), Content_Encoding="br")
            problem(response, 415)
            assert "zstd" in response.headers["accept-encoding"]

        over_http(tmp_path, story)

    def test_429_when_the_log_is_behind(self, tmp_path):
        import threading

        async def story(client):
            gate, insert = threading.Event(), client.parts.log._store.insert
            client.parts.log._store.insert = lambda entries: gate.wait(10) and insert(entries)
            waiting = asyncio.create_task(post(client, [event(f"e-{n}") for n in range(4)]))
            await until(lambda: client.parts.log.room()[0] == 0)
            response = await post(client, event("late"))
            problem(response, 429)
            assert int(response.headers["retry-after"]) >= 1
            assert response.headers["ratelimit-remaining"] == "0"
            gate.set()
            assert (await waiting).json()["accepted"] == 4

        over_http(tmp_path, story, max_queued=4)

    def test_429_when_too_much_waits(self, tmp_path):
        async def story(client):
            response = await post(client, [event("a"), event("b")])
            problem(response, 429)
            assert "retry-after" in response.headers

        over_http(tmp_path, story, known=False, waiting_quota=1)

    def test_429_when_too_many_bytes_are_on_their_way(self, tmp_path, monkeypatch):
        monkeypatch.setattr(door_http, "MAX_BYTES_IN_FLIGHT", 1000)
        over_http(tmp_path, lambda client: _expect(client, 429, b" " * 2000), known=True)

    def test_503_when_the_log_cannot_be_written(self, tmp_path):
        async def story(client):
            client.parts.log._store.insert = _disk_full
            response = await post(client, event())
            problem(response, 503)
            assert "retry-after" in response.headers

        over_http(tmp_path, story)

    def test_503_when_the_disk_is_nearly_full(self, tmp_path):
        over_http(tmp_path, lambda client: _expect(client, 503, event()), known=False, min_free_bytes=1 << 60)


async def _expect(client, status, body, **headers):
    problem(await post(client, body, **headers), status)


def _disk_full(entries):
    raise OperationalError("database or disk is full")


class TestMediaTypes:
    @pytest.mark.parametrize(
        ("media", "body"),
        [
            ("application/cloudevents+json; charset=UTF-8", json.dumps(event()).encode()),
            ("application/cloudevents-batch+json", json.dumps([event()]).encode()),
            ("Application/JSON;Charset=utf-8", json.dumps(event()).encode()),
            (JSON, json.dumps([event()]).encode()),
            ("application/x-ndjson", json.dumps(event()).encode() + b"\n\n"),
        ],
    )
    def test_each_form_is_taken(self, tmp_path, media, body):
        async def story(client):
            position = f"1-{client.parts.log.last() + 1}"
            response = await post(client, body, media)
            assert response.status_code == 202
            assert response.json() == {
                "accepted": 1,
                "duplicate": 0,
                "rejected": 0,
                "position": position,
                "results": [],
            }

        over_http(tmp_path, story)

    def test_binary_mode(self, tmp_path):
        async def story(client):
            sent = event("b 1/ü")
            response = await client.post(
                "/v1/events",
                content=json.dumps(sent["data"]),
                headers={
                    "content-type": "application/json; charset=UTF-8",
                    "CE-SpecVersion": "1.0",
                    "ce-id": "b%201/%C3%BC",
                    "ce-source": sent["source"],
                    "ce-type": sent["type"],
                    "ce-time": sent["time"],
                    "ce-siteid": SITE,
                },
            )
            assert response.status_code == 202
            again = await post(client, sent)
            assert again.json()["results"][0] == {
                "index": 0,
                "id": "b 1/ü",
                "status": "duplicate",
                "conflict": False,
                "position": response.json()["position"],
            }

        over_http(tmp_path, story)

    @pytest.mark.parametrize(
        ("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstandard.ZstdCompressor().compress)]
    )
    def test_compressed(self, tmp_path, encoding, pack):
        async def story(client):
            response = await post(client, pack(json.dumps([event()]).encode()), Content_Encoding=encoding)
            assert response.json()["accepted"] == 1

        over_http(tmp_path, story)


class TestAnswers:
    def test_207_lists_what_was_not_accepted_with_index_code_and_pointer(self, tmp_path):
        async def story(client):
            await post(client, event("known"))
            mixed = [
                event("new"),
                event("known"),
                event("bad", data={"moment": "seating", "outcome": "met", "made_by": "kitchen"}),
            ]
            response = await post(client, mixed)
            assert response.status_code == 207
            answer = response.json()
            assert (answer["accepted"], answer["duplicate"], answer["rejected"]) == (1, 1, 1)
            assert [result["index"] for result in answer["results"]] == [1, 2]
            assert answer["results"][1].keys() == {"index", "id", "status", "code", "detail", "pointer"}

        over_http(tmp_path, story)

    def test_422_when_all_is_rejected_with_the_same_summary(self, tmp_path):
        async def story(client):
            response = await post(client, b"{bad}\n[]\n", "application/x-ndjson")
            assert response.status_code == 422
            assert [(result["index"], result["id"]) for result in response.json()["results"]] == [
                (0, None),
                (1, None),
            ]

        over_http(tmp_path, story)

    def test_one_bad_line_is_one_rejected_index(self, tmp_path):
        async def story(client):
            lines = b"\n".join([json.dumps(event("a")).encode(), b'{"id":', json.dumps(event("b")).encode()])
            answer = (await post(client, lines, "application/x-ndjson")).json()
            assert (answer["accepted"], [result["index"] for result in answer["results"]]) == (2, [1])

        over_http(tmp_path, story)

    def test_all_results_on_request(self, tmp_path):
        async def story(client):
            last = client.parts.log.last()
            answer = (await post(client, [event("a"), event("b")], path="/v1/events?results=all")).json()
            assert [result["position"] for result in answer["results"]] == [f"1-{last + 1}", f"1-{last + 2}"]

        over_http(tmp_path, story)

    def test_nothing_at_all_is_fine(self, tmp_path):
        async def story(client):
            response = await post(client, b"[]")
            assert (response.status_code, response.json()["accepted"]) == (202, 0)

        over_http(tmp_path, story)

    def test_every_answer_has_rate_limit_headers(self, tmp_path):
        async def story(client):
            for response in (
                await post(client, event()),
                await post(client, b"{"),
                await post(client, event(), Authorization=""),
            ):
                assert {
                    "ratelimit-limit",
                    "ratelimit-remaining",
                    "ratelimit-reset",
                    "ratelimit",
                } <= response.headers.keys()

        over_http(tmp_path, story)

    def test_the_webhook_handshake(self, tmp_path):
        async def story(client):
            headers = {
                "WebHook-Request-Origin": "events.example.com",
                "WebHook-Request-Rate": "120",
                "Authorization": "",
            }
            response = await client.options("/v1/events", headers=headers)
            assert response.status_code == 200
            assert response.headers["webhook-allowed-origin"] == "events.example.com"
            assert response.headers["webhook-allowed-rate"] == "*"
            assert "POST" in response.headers["allow"]

        over_http(tmp_path, story)


class TestDeadLetters:
    def test_list_show_and_replay(self, tmp_path):
        async def story(client):
            await post(client, [event("old", time="2020-01-01T00:00:00Z"), event("bad", data={})])
            listed = (await client.get("/v1/dead-letters", params={"code": "too_old"})).json()
            assert [(row["id"], row["status"], row["site"]) for row in listed["rows"]] == [
                ("old", "refused", SITE)
            ]
            number = listed["rows"][0]["letter"]
            shown = (await client.get(f"/v1/dead-letters/{number}")).json()
            assert json.loads(shown["raw"])["id"] == "old"
            assert (await client.post(f"/v1/dead-letters/{number}/replay")).status_code == 422
            taken = await client.post(f"/v1/dead-letters/{number}/replay", params={"import": "true"})
            assert (taken.status_code, taken.json()["status"]) == (200, "accepted")
            problem(await client.post(f"/v1/dead-letters/{number}/replay"), 409)
            assert [entry.action for entry in client.parts.keys.trail(limit=2)] == ["letter.replayed"] * 2

        over_http(tmp_path, story)

    def test_pages(self, tmp_path):
        async def story(client):
            await post(client, [event(f"e-{n}", data={}) for n in range(5)])
            seen, cursor = [], None
            while True:
                params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
                page = (await client.get("/v1/dead-letters", params=params)).json()
                seen += [row["id"] for row in page["rows"]]
                if (cursor := page["cursor"]) is None:
                    return seen

        assert over_http(tmp_path, story) == ["e-4", "e-3", "e-2", "e-1", "e-0"]

    def test_a_key_for_one_site_sees_no_other_s(self, tmp_path):
        async def story(client):
            await post(
                client,
                [registration("spb"), event("here", data={}), event("there", siteid="spb", data={}), 42],
            )
            reader = {"Authorization": "Bearer " + client.parts.keys.create("r", "read", sites=["spb"])}
            admin = {"Authorization": "Bearer " + client.parts.keys.create("a", "admin", sites=["spb"])}
            till = {"Authorization": "Bearer " + client.parts.keys.create("t", "ingest")}
            rows = (await client.get("/v1/dead-letters", headers=reader)).json()["rows"]
            assert [row["id"] for row in rows] == ["there"]
            letters = {
                row["id"]: row["letter"] for row in (await client.get("/v1/dead-letters")).json()["rows"]
            }
            problem(await client.get(f"/v1/dead-letters/{letters['here']}", headers=admin), 404)
            assert (
                await client.get(f"/v1/dead-letters/{letters['there']}", headers=admin)
            ).status_code == 200
            problem(await client.get(f"/v1/dead-letters/{letters['there']}", headers=reader), 403)
            problem(await client.get("/v1/dead-letters", headers=till), 403)
            problem(await client.post(f"/v1/dead-letters/{letters['here']}/replay", headers=admin), 404)

        over_http(tmp_path, story)


class TestAdministration:
    def test_keys_are_made_used_listed_and_revoked(self, tmp_path):
        async def story(client):
            made = await client.post("/v1/keys", json={"name": "till", "role": "ingest", "sites": [SITE]})
            assert made.status_code == 201
            token = {"Authorization": f"Bearer {made.json()['key']}"}
            assert (await post(client, event(), **token)).status_code == 202
            problem(await client.get("/v1/keys", headers=token), 403)
            [row] = (await client.get("/v1/keys")).json()["rows"]
            assert (row["name"], row["sites"], "key" in row) == ("till", [SITE], False)
            problem(await client.post("/v1/keys", json={"name": "till", "role": "read"}), 422)
            problem(await client.post("/v1/keys", json={"name": "x", "role": "king"}), 422)
            problem(await client.post("/v1/keys", json={"name": "x", "role": "read", "expires": "soon"}), 422)
            problem(await client.post("/v1/keys", content=b"{"), 400)
            assert (await client.delete("/v1/keys/till")).status_code == 200
            problem(await client.delete("/v1/keys/till"), 404)
            problem(await post(client, event(), **token), 401)
            trail = (await client.get("/v1/audit", params={"limit": 2})).json()
            assert [entry["action"] for entry in trail["rows"]] == ["key.revoked", "key.created"]
            assert trail["cursor"] is not None

        over_http(tmp_path, story)

    def test_a_forgotten_person_is_nowhere(self, tmp_path):
        async def story(client):
            visit = {"visit_id": "v", "channel": "dine_in", "customer_ref": "anna-k"}
            await post(client, event(type="moments.visit.started", data=visit))
            await post(client, event("bad", type="moments.visit.started", data={**visit, "channel": 7}))
            problem(await client.post("/v1/persons/forget", json={}), 422)
            answer = (await client.post("/v1/persons/forget", json={"customer_ref": "anna-k"})).json()
            assert answer == {"forgotten": True, "letters_deleted": 1}
            again = (await client.post("/v1/persons/forget", json={"customer_ref": "anna-k"})).json()
            assert again == {"forgotten": False, "letters_deleted": 0}

        over_http(tmp_path, story)
        for file in tmp_path.rglob("*"):
            assert file.is_dir() or b"anna-k" not in file.read_bytes()


structured = st.fixed_dictionaries(
    {},
    optional={
        "specversion": st.sampled_from(["1.0", "0.3", None, 1]),
        "id": st.text(max_size=140) | st.none() | st.integers(),
        "source": st.text(max_size=20) | st.just("/s"),
        "type": st.sampled_from(
            ["moments.moment.occurred", "moments.promise.made", "moments.feedback.given", "x", None]
        ),
        "time": st.sampled_from(["2026-11-02T08:30:00+03:00", "9999-12-31T23:59:59Z", "", None, 5]),
        "siteid": st.sampled_from([SITE, "x", "", None, []]),
        "data": st.recursive(
            st.none() | st.integers() | st.floats() | st.text(max_size=5),
            lambda s: (
                st.dictionaries(
                    st.sampled_from(
                        [
                            "moment",
                            "outcome",
                            "visit_id",
                            "promise_id",
                            "kind",
                            "window_s",
                            "customer_ref",
                            "stages",
                            "x",
                        ]
                    ),
                    s,
                )
                | st.lists(s, max_size=2)
            ),
            max_leaves=6,
        ),
        "sequence": st.integers() | st.text(max_size=3),
        "data_base64": st.text(max_size=4),
    },
)


def test_no_body_ever_makes_a_500_and_whatever_is_accepted_can_be_read(tmp_path):
    """One door, many hostile bodies: the engine is opened once, Hypothesis drives it through its loop."""
    bodies = st.one_of(
        st.tuples(st.just(JSON), st.binary(max_size=60)),
        st.tuples(st.just("application/x-ndjson"), st.binary(max_size=60)),
        st.tuples(
            st.just(JSON), st.lists(structured, max_size=3).map(lambda events: json.dumps(events).encode())
        ),
        st.tuples(
            st.just("application/x-ndjson"),
            st.lists(structured, max_size=3).map(
                lambda events: b"\n".join(json.dumps(each).encode() for each in events)
            ),
        ),
        st.tuples(
            st.sampled_from(["application/cloudevents+json", "x/y", "application/json; charset=koi8-r"]),
            st.binary(max_size=9),
        ),
    )

    async def story(client):
        loop = asyncio.get_running_loop()

        @settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
        @given(bodies, st.sampled_from([None, "gzip", "zstd"]))
        def hostile(body, encoding):
            headers = {"Content_Encoding": encoding} if encoding else {}
            sent = asyncio.run_coroutine_threadsafe(post(client, body[1], body[0], **headers), loop)
            assert sent.result(20).status_code in {202, 207, 400, 413, 415, 422}

        await asyncio.to_thread(hostile)

    over_http(tmp_path, story, now_ms=Clock())
    from ingest.log.reader import LogReader

    reader = LogReader(tmp_path / "log" / "events.db")
    for _, record in reader.read(0, 100_000).records:
        json.loads(bytes(record.data))
    reader.close()
