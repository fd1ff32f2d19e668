"""What happens in the streams of tests/colliding_streams.py: few ids, few instants, all at random."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.site_stories import DAY, SECOND, CloudEventDict

DEPARTMENTS = ("kitchen", "bar", "front_of_house", "it", "unmeasured", "external", "unexplained")
KINDS = ("preparation_time", "delivery_promise", "billing", "recovery")
CHANNELS = ("dine_in", "web", "phone")
OUTCOMES = ("failed", "below", "met", "exceeded", "wow")
SPLITS: tuple[dict[str, Any], ...] = (
    {"it": "1/3", "kitchen": "2/3"},
    {"unmeasured": 1},
    {"bar": "1", "external": "0"},
    {"unexplained": "0.5", "unmeasured": 0.5},
    {"hr": 0.1, "it": 0.2, "bar": 0.7},
)
STAGES = ("a", "b", "c", "d")
CASES = ("c0", "c1")
MOMENT_IDS = ("m0", "m1", "m2")
DURATIONS = (0, 0, 1, 2, 3, 5, 5, 8, 13, 0.5, 2.5, 60)


@dataclass
class Teller:
    rng: random.Random
    base_ms: int
    events: list[CloudEventDict] = field(default_factory=list)

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def say(self, what: str, at_ms: int, data: dict[str, Any]) -> str:
        """Ids do not follow times; capitals and accents of sources make ties a matter of code points."""
        event_id = f"{self.rng.choice('ab')}{len(self.events)}"
        self.events.append(
            cloud_event(what, event_id, self.rng.choice(("x", "y", "Z", "é")), at_ms, data, "s1")
        )
        return event_id

    def grouped(self, groups: str, probability: float) -> dict[str, str]:
        return {"group": self.rng.choice(groups)} if self.chance(probability) else {}


@dataclass
class Collisions(Teller):
    def __post_init__(self) -> None:
        self.grid = self.rng.choice((500, SECOND, SECOND, SECOND, 30 * SECOND, 7_001))
        self.span = self.rng.choice((6, 12, 40))
        self.spread = self.chance(0.3)
        self.promises = tuple(f"p{number}" for number in range(self.rng.choice((1, 2, 4))))
        self.visits = tuple(f"v{number}" for number in range(self.rng.choice((1, 2, 3))))

    def tell(self) -> None:
        for promise_id in self.promises:
            for _ in range(self.rng.choice((0, 1, 1, 1, 2))):
                self._make(promise_id)
        for _ in range(self.rng.choice((4, 10, 25)) * len(self.promises)):
            self._report()
        named = [self._moment() for _ in range(self.rng.randint(0, 9))]
        self._visits()
        named += [event["id"] for event in self.events if event["type"].endswith(".fulfilled")]
        for _ in range(self.rng.choice((0, 1, 3, 6))):
            self._cause((*named, *MOMENT_IDS))
        for _ in range(self.rng.choice((0, 2, 5))):
            self._outcome()

    def say(self, what: str, at_ms: int, data: dict[str, Any]) -> str:
        """Now and then at a second site with the same ids, or under an identity already used."""
        event_id = super().say(what, at_ms, data)
        event = self.events[-1]
        if self.chance(0.07):
            event["siteid"] = "s2"
        if self.chance(0.1):
            event["id"] = event_id = f"{event_id[0]}{self.rng.randrange(9)}"
        return event_id

    def _at(self) -> int:
        """A point of the grid, seldom a millisecond or less than a second beside it, or whole days away."""
        at_ms = self.base_ms + self.rng.randint(-2, self.span) * self.grid
        if self.chance(0.1):
            at_ms += self.rng.choice((1, 400, 999))
        if self.spread and self.chance(0.15):
            at_ms += self.rng.choice((-1, 1, 2)) * DAY
        return at_ms

    def _about(self, data: dict[str, Any], *, visit: float = 0.5) -> dict[str, Any]:
        """With any of the common fields."""
        if self.chance(visit):
            data["visit_id"] = self.rng.choice(self.visits)
        if self.chance(0.3):
            data["case_id"] = self.rng.choice(CASES)
        if self.chance(0.2):
            data["channel"] = self.rng.choice(CHANNELS)
        return data

    def _make(self, promise_id: str) -> None:
        rng, at_ms = self.rng, self._at()
        data = self._about(
            {"promise_id": promise_id, "kind": rng.choice(KINDS), "made_by": rng.choice(DEPARTMENTS)}
        )
        if self.chance(0.5):
            data["window_s"] = rng.choice((0, 0, 1, 5, 10, 20, 0.5))
        if "window_s" not in data or self.chance(0.2):
            data["due_at"] = rfc3339(at_ms + rng.randint(0, 12) * self.grid + rng.choice((0, 0, 0, 999)))
        if self.chance(0.65):
            data["stages"] = declared_stages(rng)
        self.say("promise.made", at_ms, data)

    def _report(self) -> None:
        """One event of some promise, made or not."""
        rng, data = self.rng, {"promise_id": self.rng.choice(self.promises)}
        what = rng.choices(
            ("stage.started", "stage.completed", "stage.blocked", "fulfilled", "cancelled", "revised"),
            (10, 25, 25, 15, 3, 5),
        )[0]
        if what == "stage.blocked":
            self._block(data)
        elif what.startswith("stage."):
            self._stage(what, data)
        elif what == "fulfilled":
            self.say("promise.fulfilled", self._at(), self._about(data))
        elif what == "cancelled":
            who = {"by": rng.choice(("customer", "site"))}
            self.say("promise.cancelled", self._at(), self._about({**data, **who}))
        else:
            self.say("promise.revised", self._at(), {**data, "due_at": rfc3339(self._at())})

    def _stage(self, what: str, data: dict[str, Any]) -> None:
        rng = self.rng
        told: dict[str, Any] = {
            "stage": rng.choice(STAGES),
            "department": rng.choice(DEPARTMENTS),
            **self.grouped("gh", 0.4),
        }
        if what == "stage.completed" and self.chance(0.7):
            told["actual_s"] = rng.choice((rng.choice(DURATIONS), rng.randint(0, 20)))
        self.say(what, self._at(), {**data, **told})

    def _block(self, data: dict[str, Any]) -> None:
        rng, begin_ms = self.rng, self._at()
        end_ms = begin_ms + rng.choice((0, 1, rng.randint(0, 8) * self.grid, rng.randint(0, 8) * self.grid))
        where = {"stage": rng.choice(STAGES)} if self.chance(0.75) else {}
        block = _blocked(rng.choice(DEPARTMENTS), begin_ms, end_ms)
        self.say("stage.blocked", self._at(), {**data, **block, **where})

    def _moment(self) -> str:
        """Returns the id of the event, by which a cause may name a moment that has no id of its own."""
        rng = self.rng
        data = self._about({"moment": rng.choice(KINDS), "outcome": rng.choice(OUTCOMES)}, visit=0.85)
        if self.chance(0.5):
            data["promise_id"] = rng.choice(self.promises)
        if self.chance(0.4):
            data["moment_id"] = rng.choice(MOMENT_IDS)
        return self.say("moment.occurred", self._at(), data)

    def _visits(self) -> None:
        rng = self.rng
        for what, numbers, more in (
            ("started", (0, 0, 1, 2), {"channel": CHANNELS}),
            ("ended", (0, 1, 2), {}),
        ):
            for _ in range(rng.choice(numbers)):
                own = {name: rng.choice(choices) for name, choices in more.items()}
                self.say(f"visit.{what}", self._at(), {"visit_id": rng.choice(self.visits), **own})
        if self.chance(0.33):
            self.say("wow.delivered", self._at(), {"visit_id": rng.choice(self.visits), "idea": "candle"})
        for _ in range(rng.choice((0, 1, 3))):
            whose = {"visit_id": rng.choice(self.visits)} if self.chance(0.7) else {}
            failure = {"case_id": rng.choice(CASES), "kind": "cold", "detected_by": "staff", **whose}
            self.say("failure.reported", self._at(), failure)

    def _cause(self, moment_ids: tuple[str, ...]) -> None:
        """Of a moment, a promise, a case or several; or a dispute of one, which may carry a case."""
        rng, split = self.rng, {"split": self.rng.choice(SPLITS)}
        targets = {"moment_id": moment_ids, "promise_id": self.promises, "case_id": CASES}
        data: dict[str, Any] = {name: rng.choice(ids) for name, ids in targets.items() if self.chance(0.42)}
        if self.chance(0.65):
            data = data or {"promise_id": rng.choice(self.promises)}
            self.say("root_cause.assigned", self._at(), {**data, "sphere": "over_promise", **split})
            return
        if not data.keys() & {"promise_id", "moment_id"}:
            data["promise_id"] = rng.choice(self.promises)
        what = rng.choice(("attribution.disputed", "attribution.resolved", "attribution.resolved"))
        self.say(what, self._at(), {**data, "department": "bar", **(split if self.chance(0.7) else {})})

    def _outcome(self) -> None:
        rng = self.rng
        what = rng.choice(
            ("feedback.given", "complaint.made", "review.posted", "refund.paid", "refund.requested")
        )
        data: dict[str, Any] = {}
        if what == "feedback.given":
            score = rng.choice((0, 5, 5, 5, 5, 6, 6.5, 7))
            data = {"instrument": rng.choice(("nps", "csat")), "score": score}
        elif what == "complaint.made":
            data = {"kind": "slow"}
        elif what == "review.posted":
            data = {"source": "maps", "stars": rng.choice((1, 1, 1.5, 2))}
        self._about(data)
        if what.startswith("refund."):
            data.setdefault("case_id", rng.choice(CASES))
            money = {"amount": rng.choice(("0", "1.00", "33.33")), "currency": rng.choice(("RUB", "EUR"))}
            data["amount"] = money
        self.say(what, self._at(), data)


@dataclass
class BlockedJoins(Teller):
    base_ms: int = 1_780_000_000_000

    def __post_init__(self) -> None:
        self.grid = self.rng.choice((SECOND, SECOND, 500))

    def tell(self) -> None:
        rng = self.rng
        for promise_id in ("p0", "p1"):
            self._promise(promise_id)
        for _ in range(rng.choice((0, 2, 4))):
            self._cause()
        for _ in range(rng.choice((0, 2, 4))):
            self._moment()
        if self.chance(0.6):
            failure = {"case_id": "c0", "kind": "cold", "detected_by": "staff", "visit_id": "v0"}
            self.say("failure.reported", self.base_ms, failure)
        if self.chance(0.6):
            self.say("complaint.made", self.base_ms, {"case_id": "c0", "kind": "cold"})

    def _promise(self, promise_id: str) -> None:
        rng, made_ms = self.rng, self.base_ms + self.rng.choice((0, 0, 1, 999))
        plan = [self._declared(stage) for stage in STAGES if self.chance(0.85)]
        data: dict[str, Any] = {"promise_id": promise_id, "kind": "billing", "case_id": "c0"}
        data |= {"made_by": rng.choice(DEPARTMENTS), "window_s": rng.choice((0, 3, 10, 25))}
        if self.chance(0.3):
            data["visit_id"] = "v0"
        if self.chance(0.8):
            data["stages"] = [stage for stage in plan if self.chance(0.85)]
        self.say("promise.made", made_ms, data)
        self._close(promise_id, made_ms)
        groups = {stage["stage"]: stage["group"] for stage in plan if "group" in stage}
        for stage in STAGES:
            if self.chance(0.85):
                joined = {"group": groups[stage]} if stage in groups else {}
                self._stage({"promise_id": promise_id, "stage": stage, **joined}, made_ms)
        self._blocks_of_no_stage(promise_id, made_ms)

    def _declared(self, stage: str) -> dict[str, Any]:
        """Mostly a branch of one of two joins."""
        rng = self.rng
        declared = {"stage": stage, "department": rng.choice(DEPARTMENTS), **self.grouped("ggh", 0.8)}
        return {**declared, "budget_s": rng.choice((0, 1, 2, 4, 6, 9))}

    def _close(self, promise_id: str, made_ms: int) -> None:
        """Fulfilled mostly; the others are cancelled about their due, or left to the clock."""
        rng, how = self.rng, self.rng.random()
        if how < 0.85:
            channel = {"channel": "web"} if self.chance(0.2) else {}
            at_ms = made_ms + rng.randint(5, 30) * SECOND
            self.say("promise.fulfilled", at_ms, {"promise_id": promise_id, **channel})
        elif how < 0.95:
            at_ms = made_ms + rng.choice((0, 3_000, 3_001, 10_000, 25_999))
            who = {"by": rng.choice(("site", "customer"))}
            self.say("promise.cancelled", at_ms, {"promise_id": promise_id, **who})

    def _stage(self, data: dict[str, Any], made_ms: int) -> None:
        """A report and its blocks, which begin on the same points of the grid."""
        rng, actual_s = self.rng, self.rng.randint(0, 12)
        data["department"] = rng.choice(DEPARTMENTS)
        done_ms = made_ms + rng.randint(3, 20) * self.grid + rng.choice((0, 0, 500, 999))
        if self.chance(0.8):
            self.say("stage.completed", done_ms, {**data, "actual_s": actual_s})
        else:
            self.say("stage.started", done_ms - actual_s * SECOND - rng.choice((0, 300)), data)
            self.say("stage.completed", done_ms, data)
        for _ in range(rng.choice((0, 1, 2, 4))):
            begin_ms = done_ms - rng.randint(0, 14) * self.grid + rng.choice((0, 0, 0, 1, 400))
            end_ms = begin_ms + rng.choice((1, 2, 2, 3, 5, 9)) * self.grid + rng.choice((0, 0, 999))
            self._block({"promise_id": data["promise_id"], "stage": data["stage"]}, begin_ms, end_ms)

    def _blocks_of_no_stage(self, promise_id: str, made_ms: int) -> None:
        """They compete for the promise's gap, some with the name of a stage that never reports."""
        rng = self.rng
        for _ in range(rng.choice((0, 0, 1, 3, 5))):
            begin_ms = made_ms + rng.randint(-3, 20) * self.grid + rng.choice((0, 0, 400))
            where = {"stage": rng.choice(("unheard_of", "b"))} if self.chance(0.4) else {}
            end_ms = begin_ms + rng.choice((1, 2, 5, 9)) * self.grid
            self._block({"promise_id": promise_id, **where}, begin_ms, end_ms)

    def _block(self, data: dict[str, Any], begin_ms: int, end_ms: int) -> None:
        at_ms = self.base_ms + self.rng.randint(0, 40) * SECOND
        block = _blocked(self.rng.choice(DEPARTMENTS[:4]), begin_ms, end_ms)
        self.say("stage.blocked", at_ms, {**data, **block})

    def _cause(self) -> None:
        rng, data = self.rng, {"moment_id": "m0"} if self.chance(0.3) else {}
        if self.chance(0.4):
            data["promise_id"] = rng.choice(("p0", "p1"))
        if not data or self.chance(0.5):
            data["case_id"] = rng.choice(CASES)
        told = {**data, "sphere": "over_promise", "split": rng.choice(SPLITS)}
        self.say("root_cause.assigned", self.base_ms + rng.randint(0, 5) * SECOND, told)

    def _moment(self) -> None:
        rng = self.rng
        data = {"moment": rng.choice(KINDS), "outcome": rng.choice(OUTCOMES)}
        data["visit_id"] = rng.choice(("v0", "v1"))
        for name, ids, probability in (
            ("promise_id", ("p0", "p1"), 0.6),
            ("case_id", CASES, 0.5),
            ("moment_id", ("m0",), 0.3),
        ):
            if self.chance(probability):
                data[name] = rng.choice(ids)
        self.say("moment.occurred", self.base_ms + rng.randint(0, 30) * SECOND, data)


# Their parts


def declared_stages(rng: random.Random, least: int = 0, smallest: int = 0) -> list[dict[str, Any]]:
    return [
        {
            "stage": stage,
            "department": rng.choice(DEPARTMENTS),
            "budget_s": max(smallest, rng.choice(DURATIONS)),
            **({"group": rng.choice("gh")} if rng.random() < 0.5 else {}),
        }
        for stage in rng.sample(STAGES, rng.randint(least, len(STAGES)))
    ]


def _blocked(cause: str, begin_ms: int, end_ms: int) -> dict[str, str]:
    return {"cause_department": cause, "from": rfc3339(begin_ms), "to": rfc3339(end_ms)}


def cloud_event(
    what: str, event_id: str, source: str, at_ms: int, data: dict[str, Any], site: str | None
) -> CloudEventDict:
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": f"moments.{what}",
        "time": rfc3339(at_ms),
        "data": data,
    }
    return event if site is None else {**event, "siteid": site}


def rfc3339(ms: int) -> str:
    return datetime.fromtimestamp(ms // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{ms % SECOND:03d}Z"
