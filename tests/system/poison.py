"""What a door must refuse, each with its code and place, and what it must take though it looks strange."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.system.judge import CloudEventDict

DAY = 86_400_000


@dataclass
class Poison:
    """Bytes that the door must refuse, with this code and a pointer that begins so."""

    raw: bytes
    code: str
    pointer: str = ""
    whole_json: bool = True


def poisons(now_ms: int) -> Iterator[Poison]:
    """What no door may take: (source, id) are their own."""
    site = "msk-04"

    def when(ms: int) -> str:
        return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")

    def event(number: str, **changes: Any) -> bytes:
        whole = {
            "specversion": "1.0", "id": f"poison-{number}", "source": "/poison", "siteid": site,
            "type": "moments.promise.made", "time": when(now_ms - DAY),
            "data": {"promise_id": f"poison-{number}", "kind": "billing", "made_by": "kitchen",
                     "window_s": 60},
        }  # fmt: skip
        data = changes.pop("data", {})
        own = whole["data"] if "type" not in changes else {}
        whole |= changes
        whole["data"] = own | data if isinstance(data, dict) else data
        return json.dumps(
            {name: value for name, value in whole.items() if value is not ...}, ensure_ascii=False
        ).encode()

    for number, text in enumerate(
        (b'{"specversion":"1.0",', b"{]", b"nonsense", b'{"id":1}}', b"\xff\xfe{}")
    ):
        yield Poison(text, "not_an_object", whole_json=False)
        yield Poison(b"%d" % number, "not_an_object")
    yield Poison(b'"text"', "not_an_object")
    yield Poison(b"null", "not_an_object")
    yield Poison(b"[]", "not_an_object")
    for name in ("specversion", "id", "source", "type", "time", "siteid"):
        yield Poison(event(f"no-{name}", **{name: ...}), "missing_attribute", f"/{name}")
        yield Poison(event(f"null-{name}", **{name: None}), "missing_attribute", f"/{name}")
        yield Poison(event(f"empty-{name}", **{name: ""}), "invalid_attribute", f"/{name}")
        yield Poison(event(f"list-{name}", **{name: ["x"]}), "invalid_attribute", f"/{name}")
    yield Poison(event("specversion", specversion="0.3"), "invalid_attribute", "/specversion")
    yield Poison(event("long", id="i" * 129), "id_too_long", "/id")
    yield Poison(event("control", id="a\nb"), "invalid_attribute", "/id")
    yield Poison(event("type", type="moments.promise.kept"), "unknown_type", "/type")
    yield Poison(event("type2", type="promise.made"), "unknown_type", "/type")
    yield Poison(event("version", dataschema="https://x/promise.made/9"), "unknown_version", "/dataschema")
    yield Poison(event("schema", dataschema="https://x/visit.started/1"), "invalid_attribute", "/dataschema")
    yield Poison(event("no-data", data=...), "missing_attribute", "/data")
    for text in ("[]", "x", 7, None, True):
        yield Poison(event(f"data-{text}", data=text), "invalid_data", "/data")
    yield Poison(event("noid", data={"promise_id": None}), "invalid_data", "/data/promise_id")
    yield Poison(event("emptyid", data={"promise_id": ""}), "invalid_data", "/data/promise_id")
    yield Poison(event("numberid", data={"promise_id": 7}), "invalid_data", "/data/promise_id")
    for number, wrong in enumerate(("15 min", True, [], {"s": 1}, 1e300, 10**40)):
        yield Poison(event(f"window-{number}", data={"window_s": wrong}), "invalid_data", "/data/window_s")
    yield Poison(event("negative", data={"window_s": -1}), "negative_duration", "/data/window_s")
    yield Poison(event("negative2", data={"window_s": -0.6}), "negative_duration", "/data/window_s")
    stages = [{"stage": "cook", "department": "kitchen", "budget_s": 5}]
    yield Poison(event("twice", data={"stages": stages * 2}), "duplicate_stage", "/data/stages/1")
    yield Poison(
        event("budget", data={"stages": [{"stage": "a", "department": "bar"}]}),
        "invalid_data",
        "/data/stages/0",
    )
    yield Poison(
        event("budget2", data={"stages": [{**stages[0], "budget_s": -3}]}),
        "negative_duration",
        "/data/stages/0/budget_s",
    )
    yield Poison(event("nowindow", data={"window_s": None}), "invalid_data", "/data")
    yield Poison(
        event("due", data={"window_s": None, "due_at": when(now_ms - DAY - 1)}),
        "due_before_made",
        "/data/due_at",
    )
    yield Poison(
        event("dueat", data={"window_s": None, "due_at": "tomorrow"}), "invalid_time", "/data/due_at"
    )
    for number, text in enumerate(
        ("2026-11-02T08:30:00", "2026-11-02", "2026-13-02T08:30:00Z", "02.11.2026 08:30", "1e9")
    ):
        yield Poison(event(f"time-{number}", time=text), "invalid_time", "/time")
    yield Poison(event("old", time=when(now_ms - 36 * DAY)), "too_old", "/time")
    yield Poison(event("ahead", time=when(now_ms + 3_600_000)), "time_in_future", "/time")
    yield Poison(event("who", data={"made_by": "nobody"}), "unknown_department", "/data/made_by")
    yield Poison(event("where", siteid="nowhere"), "unknown_site", "/siteid")
    yield Poison(event("how", data={"channel": "telepathy"}), "unknown_channel", "/data/channel")
    yield Poison(event("what", data={"kind": "nothing"}), "unknown_moment", "/data/kind")
    split = {"type": "moments.root_cause.assigned"}
    cause = {"promise_id": "p", "sphere": "over_promise"}
    for number, shares in enumerate(
        (
            {"bar": 0.5, "it": 0.4},
            {"bar": "1/3", "it": "1/3"},
            {"bar": 1.0000001},
            {"bar": 0.1, "it": 0.9000000000000001},
        )
    ):
        yield Poison(
            event(f"split-{number}", **split, data={**cause, "split": shares}), "split_not_one", "/data/split"
        )
    yield Poison(
        event("split-n", **split, data={**cause, "split": {"bar": "-1/2", "it": "3/2"}}),
        "invalid_data",
        "/data/split",
    )
    yield Poison(
        event("split-0", **split, data={**cause, "split": {"bar": "1/0"}}), "invalid_data", "/data/split"
    )
    yield Poison(event("decision", type="moments.site.closed", data={}), "admin_required", "/type")
    yield Poison(
        event("score", type="moments.feedback.given", data={"instrument": "nps", "score": 11}),
        "invalid_data",
        "/data/score",
    )
    yield Poison(
        event("outcome", type="moments.moment.occurred", data={"moment": "billing", "outcome": "fine"}),
        "invalid_data",
        "/data/outcome",
    )


def oddities(now_ms: int) -> list[CloudEventDict]:
    """What a door must take, though it looks strange."""
    deep: Any = 1
    for _ in range(400):
        deep = [deep]
    at = datetime.fromtimestamp((now_ms - DAY) / 1000, UTC)
    odd: list[dict[str, Any]] = [
        {"big": 10**30}, {"huge": 10**300}, {"deep": deep}, {"nul": "a\u0000b"}, {"visit_id ": "other"},
        {"a" * 300: "x" * 5000}, {"nested": {"visit_id": "inner", "promise_id": "inner"}},
        {"empty": {"": []}},
        {"small": 5e-324}, {"minus": -(10**25)}, {"😀": "👨‍👩‍👧", "visit_ID": "upper"},
    ]  # fmt: skip
    events: list[CloudEventDict] = []
    for number, more in enumerate(odd):
        visit = f"odd-{number}"
        times = [rfc(at + timedelta(seconds=60 * step)) for step in range(4)]
        promise = {
            "promise_id": f"{visit}/p",
            "visit_id": visit,
            "kind": "billing",
            "made_by": "accounting",
            "window_s": 30,
        }
        for step, (type_, data) in enumerate((
            ("visit.started", {"visit_id": visit, "channel": "web"}), ("promise.made", promise),
            ("promise.fulfilled", {"promise_id": f"{visit}/p"}),
            ("moment.occurred", {"visit_id": visit, "moment": "seating", "outcome": "wow"}),
        )):  # fmt: skip
            longest = f"{'i' * 120}odd-{number:02}-{step}"
            odd_event = {"specversion": "1.0", "id": longest, "source": "/odd", "siteid": "msk-04"}
            told = {"type": f"moments.{type_}", "time": times[step], "data": {**data, **more}}
            events.append(odd_event | told)
    return events


def rfc(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")


# Sending
