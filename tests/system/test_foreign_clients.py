"""CloudEvents of four other implementations, in both modes, over HTTP and Kafka, mean the same one story.

Each client tells the whole breakfast in every mode that it has: one telling counts, all others are duplicates
that say the very same (no conflict). What stands on `moments.events` is then read by three of them.
"""

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kafka.admin import NewTopic

from domain.times import parse_rfc3339
from ingest.log.reader import LogReader
from tests.doorway import registration
from tests.system.foreign_clients import run
from tests.system.server_mode import KEY, Chain, chain, until

BREAKFAST = Path(__file__).parents[2] / "examples" / "breakfast.ndjson"
SENDERS = ["java", "js", "go", "python"]
CHANNELS = [
    *(
        f"{name}-{line}-{mode}"
        for name in ("java", "js", "python")
        for line in ("http", "kafka")
        for mode in ("structured", "binary")
    ),
    *("go-http-structured", "go-http-binary", "go-http-base64"),
]


def work_of(whole: Chain) -> dict[str, Any]:
    """What the clients are given: yesterday's breakfast, and one event each with all kinds of attributes."""
    day = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    story = [json.loads(line) for line in BREAKFAST.read_text().splitlines()]
    for told in story:
        told["time"] = told["time"].replace("2026-11-02", day)
    return {
        "url": f"{whole.url}/v1/events",
        "key": KEY,
        "bootstrap": whole.broker.bootstrap,
        "inbox": "moments.inbox.foreign",
        "topic": "moments.events",
        "count": len(story) + len(CHANNELS),
        "story": story,
        "plain": "/sites/msk-04/kiosk-1",
        "own": {
            "specversion": "1.0",
            "source": "/sites/msk-04/%D0%BA%D0%B0%D1%81%D1%81%D0%B0-1",
            "type": "moments.moment.occurred",
            "time": f"{day}T09:00:00.123456+03:00",
            "siteid": "msk-04",
            "sequence": 7,
            "express": True,
            "recordedtime": f"{day}T09:00:01.5+03:00",
            "correlationid": 'заказ №7, "100 %"',
            "data": {"visit_id": "v-2", "moment": "farewell", "outcome": "met", "note": "спасибо ☕"},
        },
    }


def expected(work: dict[str, Any]) -> list[dict[str, Any]]:
    """Every event as it has to stand on the topic, whoever told it."""
    told = [*work["story"]]
    for channel in CHANNELS:
        own = {**work["own"], "id": channel}
        if channel in {"js-http-binary", "java-http-binary"}:  # what these SDKs cannot put into headers
            own |= {"source": work["plain"], "correlationid": "order 7"}
        told.append(own)
    shown = []
    for event in told:
        named = {name: value for name, value in event.items() if name not in {"specversion", "time"}}
        named |= {"sequence": "7", "express": "true"} if "sequence" in named else {}
        shown.append(normal({**named, "ms": parse_rfc3339(event["time"])}))
    return sorted(shown, key=lambda event: event["id"])


def normal(event: dict[str, Any]) -> dict[str, Any]:
    """One instant has many spellings: compared is the instant."""
    if "recordedtime" in event:
        event["recordedtime"] = parse_rfc3339(event["recordedtime"])
    # Python's str() of a boolean: its SDK says True in binary mode
    return event | ({"express": event["express"].lower()} if "express" in event else {})


@pytest.mark.timeout(300)
def test_four_foreign_clients_tell_one_story(tmp_path: Path) -> None:
    with chain(tmp_path, MOMENTS_INBOX="foreign=msk-04") as whole:
        whole.broker.admin().create_topics([NewTopic("moments.inbox.foreign", 2, 1)])
        whole.take([registration("msk-04")])
        work = work_of(whole)
        file = tmp_path / "work.json"
        file.write_text(json.dumps(work))

        # when all of them tell it at the same time
        run("send", file, SENDERS)

        # then each event stands in the log once
        wanted = {event["id"] for event in expected(work)}
        until(lambda: wanted <= ids(whole), 60, lambda: f"missing: {sorted(wanted - ids(whole))}")
        tellings = len(work["story"]) * (3 * 4 + 2) + len(CHANNELS)
        until(
            lambda: counted(whole, "duplicates") + counted(whole, "accepted") == tellings + 1,
            60,
            whole.door.told,
        )
        assert counted(whole, "accepted") == len(wanted) + 1
        assert counted(whole, "conflicts") == 0
        assert "moments_door_rejected_total{" not in whole.http.get(whole.url + "/metrics").text

        # and three of them read the same events from the topic, whoever told them
        for name, events in run("read", file, ["java", "js", "python"]).items():
            assert sorted(map(normal, events), key=lambda event: event["id"]) == expected(work), name

        # and the breakfast is what it is: six minutes late, 6/7 the kitchen's
        whole.post(work["story"])
        whole.derived()
        promise = whole.http.get(whole.api_url + "/v1/promises/p-1").json()
        shares = {row["department"]: row["share"] for row in promise["departments"] if row["share"] != "0"}
        assert (promise["state"], promise["late_s"]) == ("late", "360")
        assert shares == {"kitchen": "6/7", "accounting": "1/7"}


def ids(whole: Chain) -> set[str]:
    with closing(LogReader(whole.folder / "door" / "log" / "events.db")) as reader:
        return {record.id for _, record in reader.read(0, 1_000).records}


def counted(whole: Chain, name: str) -> int:
    text = whole.http.get(whole.url + "/metrics").text
    (line,) = [line for line in text.splitlines() if line.startswith(f"moments_door_{name}_total ")]
    return int(float(line.split()[1]))

