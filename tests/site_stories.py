"""One site's part of a random stream (tests/streams.py): stories told in events."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

CloudEventDict = dict[str, Any]
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000

SITES = {
    # code: kind, region, zone, day start, currency
    "msk-04": ("restaurant", "centre", "Europe/Moscow", "04:00", "RUB"),
    "del/1": ("restaurant", "asia", "Asia/Kolkata", "04:30", "INR"),
    "nyc-1": ("store", "west", "America/New_York", "00:00", "USD"),
    "lhi-остров": ("restaurant", "asia", "Australia/Lord_Howe", "03:15", "AUD"),
    "msk-05": ("store", "centre", "Europe/Moscow", "05:45", "RUB"),
}
DEPARTMENTS = (
    "kitchen",
    "bar",
    "front_of_house",
    "accounting",
    "it",
    "hr",
    "logistics",
    "facilities",
    "external",
    "unmeasured",
    "ночная_смена",
)
CHANNELS = ("dine_in", "takeaway", "delivery_own", "web", "phone", "окно")
KINDS = ("preparation_time", "delivery_promise", "billing", "recovery", "order_taking", "чаепитие")
OUTCOMES = ("failed", "below", "met", "exceeded", "wow")
STAGES = ("cook", "grill", "pour", "serve", "drive", "pack/1", "счёт")
SPLITS: tuple[dict[str, Any], ...] = (
    {"it": "1/3", "kitchen": "2/3"},
    {"it": 0.1, "hr": 0.2, "bar": 0.7},
    {"unmeasured": 1},
    {"accounting": "1", "external": "0"},
    {"ночная_смена": "0.125", "front_of_house": "0.875"},
    {"kitchen": "1/7", "bar": "2/7", "it": "4/7"},
)
WEIGHTS = ("0.5", 1, 2.5, "1/3")
SOURCES = ("/sites/till-1", "/sites/till-2", "kds", "app/ё")
ID_FORMS = ("{}-{}", "{}-{}", "{}-{}", "{}/{}", "{} {}/ж", "'{}'%{}", "日本{}-{}", "{}\\{}?#", 'ÀÉ{}"{}')


def plan(rng: random.Random, least: int = 0, smallest: int = 0) -> list[dict[str, Any]]:
    """Declared stages, in part parallel."""
    names = rng.sample(STAGES, rng.randint(least, 5))
    stages = []
    for name in names:
        stage = {"stage": name, "department": rng.choice(DEPARTMENTS), "budget_s": seconds(rng, smallest)}
        if rng.random() < 0.45:
            stage["group"] = rng.choice("gh")
        stages.append(stage)
    return stages


def seconds(rng: random.Random, smallest: int = 0) -> float:
    """Whole seconds mostly, fractions (halves among them) sometimes."""
    whole = max(smallest, rng.choice((0, rng.randint(0, 30), rng.randint(0, 600), rng.randint(0, 600))))
    return whole + rng.choice((0.5, 0.25, 0.49)) if rng.random() < 0.08 else whole


def rfc3339(rng: random.Random, ms: int) -> str:
    """The instant in some offset, with digits beyond the millisecond now and then; they must be cut."""
    offset = rng.choice((0, 0, 180, 330, -300, 630, -210))
    moment = datetime.fromtimestamp(ms // 1000, UTC).astimezone(timezone(timedelta(minutes=offset)))
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    fraction = (
        f".{ms % 1000:03d}" + rng.choice(("", "", "9", "999999")) if ms % 1000 or rng.random() < 0.1 else ""
    )
    if not offset:
        return text + fraction + "Z"
    return f"{text}{fraction}{'-' if offset < 0 else '+'}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"


@dataclass
class SiteTeller:
    """Tells what happened at one site. Ids are counted by site, so that sites share them."""

    rng: random.Random
    site: str
    now_ms: int
    days: int
    events: list[CloudEventDict] = field(default_factory=list)
    visits: list[str] = field(default_factory=list)
    promises: list[str] = field(default_factory=list)
    moments: list[str] = field(default_factory=list)
    cases: list[str] = field(default_factory=list)
    _counted: dict[str, int] = field(default_factory=dict)

    def tell_something(self) -> None:
        """One story: a visit with its promises, or something that joins earlier stories."""
        tell: tuple[tuple[Callable[[], None], int], ...] = (
            (self._visit, 10),
            (self._lonely_promise, 3),
            (self._case, 3),
            (self._root_cause, 4),
            (self._outcome, 4),
            (self._loose_moment, 1),
            (self._orphans, 1),
            (self._afterthought, 2),
        )
        stories, weights = zip(*tell, strict=True)
        self.rng.choices(stories, weights)[0]()

    # Stories

    def _visit(self) -> None:
        rng, visit_id, at = self.rng, self._id("v"), self._instant()
        self.visits.append(visit_id)
        for _ in range(rng.choice((0, 1, 1, 1, 2))):
            self._say(
                "visit.started", self._near(at), {"visit_id": visit_id, "channel": rng.choice(CHANNELS)}
            )
        moments = [self._promise(at, visit_id=visit_id) for _ in range(rng.choice((0, 0, 1, 1, 2)))]
        for _ in range(rng.choice((0, 0, 1, 2, 3, 5))):
            self._moment(self._near(at), visit_id, rng.choice([None, None, None, *moments]))
        if rng.random() < 0.15:
            self._say("wow.delivered", self._near(at), {"visit_id": visit_id, "idea": "candle"})
        for _ in range(rng.choice((0, 1, 1, 2))):
            self._say("visit.ended", self._near(at + HOUR), {"visit_id": visit_id})
        if rng.random() < 0.3:
            self._outcome()

    def _lonely_promise(self) -> None:
        """A promise without a visit, one whose visit only its case names, or one that names both."""
        whose: dict[str, Any] = {}
        if self.rng.random() < 0.7:
            whose["case_id"] = self._some(self.cases, "c")
        if self.rng.random() < 0.2:
            whose["visit_id"] = self._some(self.visits, "v")
        self._promise(self._instant(), **whose)

    def _case(self) -> None:
        rng, case_id, at = self.rng, self._id("c"), self._instant()
        self.cases.append(case_id)
        for _ in range(rng.choice((0, 1, 1, 2, 3))):
            data = {"case_id": case_id, "kind": "cold", "detected_by": rng.choice(("staff", "customer"))}
            if rng.random() < 0.7:
                data["visit_id"] = self._some(self.visits, "v")
            self._say("failure.reported", self._near(at), data)
        self._say("recovery.owned", self._near(at), {"case_id": case_id, "owner": "duty_manager"})

    def _root_cause(self) -> None:
        rng, split = self.rng, self.rng.choice(SPLITS)
        targets = {
            "moment_id": self._some(self.moments, "m"),
            "promise_id": self._some(self.promises, "p"),
            "case_id": self._some(self.cases, "c"),
        }
        chosen = rng.sample(sorted(targets), rng.choice((1, 1, 1, 1, 2, 3)))
        data = {name: targets[name] for name in chosen}
        if rng.random() < 0.65:
            sphere = rng.choice(("over_promise", "process_or_team", "lack_of_resources"))
            self._say("root_cause.assigned", self._instant(), {**data, "sphere": sphere, "split": split})
            return
        data.pop("case_id", None)
        data = data or {"promise_id": targets["promise_id"]}
        what = rng.choice(("attribution.disputed", "attribution.resolved", "attribution.resolved"))
        proposal = {"split": split} if rng.random() < 0.7 else {}
        self._say(what, self._instant(), {**data, "department": rng.choice(DEPARTMENTS), **proposal})

    def _outcome(self) -> None:
        rng, whose = self.rng, {}
        if rng.random() < 0.75:
            whose["visit_id"] = self._some(self.visits, "v")
        if rng.random() < 0.4:
            whose["case_id"] = self._some(self.cases, "c")
        if rng.random() < 0.2:
            whose["channel"] = rng.choice(CHANNELS)
        what = rng.randrange(6)
        if what <= 1:
            instrument, low, high = rng.choice(
                (
                    ("nps", 0, 10),
                    ("nps", 0, 10),
                    ("csat", 1, 5),
                    ("ces", 1, 7),
                    ("smiley", 1, 5),
                    ("talk", 0, 3),
                )
            )
            data: dict[str, Any] = {"instrument": instrument, "score": rng.randint(low, high)}
            self._say("feedback.given", self._instant(), {**whose, **data})
        elif what == 2:
            self._say("complaint.made", self._instant(), {**whose, "kind": "slow"})
        elif what == 3:
            self._review(whose)
        else:
            amount = rng.choice(("284.00", "0.01", "100", "33.33", "0"))
            money = {"amount": amount, "currency": rng.choice((SITES[self.site][4], "EUR"))}
            whose.setdefault("case_id", self._some(self.cases, "c"))
            refund = rng.choice(("refund.paid", "refund.paid", "refund.requested"))
            self._say(refund, self._instant(), {**whose, "amount": money})

    def _review(self, whose: dict[str, Any]) -> None:
        """In the version of today, or in the first, whose platform was called `source`."""
        stars = self.rng.choice((1, 1, 2, 5))
        if self.rng.random() < 0.5:
            self._say("review.posted", self._instant(), {**whose, "source": "maps", "stars": stars})
        else:
            data = {**whose, "platform": "maps", "stars": stars}
            self._say("review.posted", self._instant(), data, dataschema="https://moments/review.posted/2")

    def _loose_moment(self) -> None:
        self._moment(
            self._instant(), None, self._some(self.promises, "p") if self.rng.random() < 0.4 else None
        )

    def _orphans(self) -> None:
        """Events of a promise that nobody made (yet)."""
        promise_id, at = self._id("p"), self._instant()
        if self.rng.random() < 0.6:
            self._say("promise.fulfilled", at, {"promise_id": promise_id})
        completed = {"promise_id": promise_id, "stage": "cook", "department": "kitchen", "actual_s": 5}
        self._say("stage.completed", at, completed)
        if self.rng.random() < 0.3:
            self.promises.append(promise_id)

    def _afterthought(self) -> None:
        """A moment, start or closing of a story told long ago: its visit may move to another day."""
        rng, at = self.rng, self._instant()
        what = rng.randrange(5)
        if what == 0:
            visit_id = self._some(self.visits, "v")
            self._say("visit.started", at, {"visit_id": visit_id, "channel": rng.choice(CHANNELS)})
        elif what == 1:
            self._say("promise.fulfilled", at, {"promise_id": self._some(self.promises, "p")})
        elif what == 2:
            self._say("wow.delivered", at, {"visit_id": self._some(self.visits, "v"), "idea": "candle"})
        else:
            carried = self._some(self.promises, "p") if rng.random() < 0.7 else None
            self._moment(at, self._some(self.visits, "v"), carried)

    # Their parts

    def _moment(self, at: int, visit_id: str | None, promise_id: str | None) -> None:
        rng, event_id = self.rng, None
        data: dict[str, Any] = {"moment": rng.choice(KINDS), "outcome": rng.choice(OUTCOMES)}
        if visit_id is not None:
            data["visit_id"] = visit_id
        if promise_id is not None:
            data["promise_id"] = promise_id
        if rng.random() < 0.5:
            data["moment_id"] = self._id("m")
        if rng.random() < 0.25:
            data["case_id"] = self._some(self.cases, "c")
        if rng.random() < 0.3:
            data["channel"] = rng.choice(CHANNELS)
        if rng.random() < 0.3:
            data["made_by"] = rng.choice(("system", "human"))
        event_id = self._say("moment.occurred", at, data)
        self.moments.append(data.get("moment_id", event_id))

    def _promise(self, at: int, **whose: Any) -> str:
        rng, promise_id, made_ms = self.rng, self._id("p"), self._near(at)
        self.promises.append(promise_id)
        window = seconds(rng) + rng.choice((0, 60, 300, 900))
        data: dict[str, Any] = {
            "promise_id": promise_id, "kind": rng.choice(KINDS), "made_by": rng.choice(DEPARTMENTS), **whose
        }  # fmt: skip
        if rng.random() < 0.3:
            data["channel"] = rng.choice(CHANNELS)
        if rng.random() < 0.6:
            data["window_s"] = window
        if "window_s" not in data or rng.random() < 0.1:
            data["due_at"] = rfc3339(rng, made_ms + int(window) * SECOND + rng.choice((0, 0, 400, 999)))
        planned = plan(rng) if rng.random() < 0.75 else []
        if planned or rng.random() < 0.3:
            data["stages"] = planned
        self._say("promise.made", made_ms, data)
        ended_ms = self._stages(promise_id, planned, made_ms)
        self._blocks(promise_id, planned, made_ms, ended_ms)
        self._close(promise_id, made_ms, made_ms + int(window) * SECOND, ended_ms)
        if rng.random() < 0.05:
            self._say("promise.made", made_ms + rng.randint(0, HOUR), {**data, "window_s": 7})
        if rng.random() < 0.1:
            revised = {"promise_id": promise_id, "due_at": rfc3339(rng, made_ms + HOUR)}
            self._say("promise.revised", made_ms + MINUTE, revised)
        return promise_id

    def _stages(self, promise_id: str, planned: list[dict[str, Any]], made_ms: int) -> int:
        """Reports one after the other, side by side, overlapping or with gaps; returns when the last one
        ended.
        """
        rng, clock_ms, last_ms = self.rng, made_ms, made_ms
        stages = [stage for stage in planned if rng.random() < 0.85]
        stages += [
            {"stage": name, "budget_s": 60} for name in rng.sample(STAGES, rng.choice((0, 0, 0, 1, 2)))
        ]
        for stage in stages:
            actual = int(stage["budget_s"] * rng.choice((0, 0.5, 1, 1, 1.5, 2.5))) + rng.choice((0, 0, 1, 17))
            start_ms = clock_ms + rng.choice((0, 0, 0, 30_000, -45_000, 700))
            end_ms = start_ms + actual * SECOND
            report = {
                "promise_id": promise_id,
                "stage": stage["stage"],
                "department": stage.get("department") if rng.random() < 0.8 else None,
            }
            report["department"] = report["department"] or rng.choice(DEPARTMENTS)
            if rng.random() < 0.3:
                report["group"] = rng.choice("gh")
            for _ in range(rng.choice((0, 1, 1, 1, 2))):
                self._say("stage.started", start_ms + rng.choice((0, 0, 5_000)), report)
            for _ in range(rng.choice((0, 1, 1, 1, 1, 2))):
                own = {"actual_s": actual + rng.choice((0, 0, 0.5, 20))} if rng.random() < 0.6 else {}
                self._say("stage.completed", end_ms + rng.choice((0, 0, 900)), {**report, **own})
            last_ms = max(last_ms, end_ms)
            if not stage.get("group") or rng.random() < 0.3:
                clock_ms = end_ms
        return last_ms

    def _blocks(self, promise_id: str, planned: list[dict[str, Any]], made_ms: int, ended_ms: int) -> None:
        """Inside stages, across their ends, on top of each other, of no stage, or outside the promise."""
        rng = self.rng
        for _ in range(rng.choice((0, 0, 0, 1, 2, 4))):
            begin = made_ms + rng.randint(-60, max(60, (ended_ms - made_ms) // SECOND + 60)) * SECOND
            end = begin + rng.choice((0, 500, rng.randint(0, 600) * SECOND))
            data = {
                "promise_id": promise_id,
                "cause_department": rng.choice(DEPARTMENTS),
                "from": rfc3339(rng, begin),
                "to": rfc3339(rng, end),
            }
            if rng.random() < 0.75:
                data["stage"] = rng.choice([stage["stage"] for stage in planned] + [rng.choice(STAGES)])
            self._say("stage.blocked", end, data)

    def _close(self, promise_id: str, made_ms: int, due_ms: int, ended_ms: int) -> None:
        """Fulfilled around its end or due time, days late, before it was made; cancelled; both; or never."""
        rng = self.rng
        around_due = (due_ms, due_ms + 1, due_ms + SECOND, due_ms + DAY - 1, due_ms + DAY, due_ms + 2 * DAY)
        four_fifths_ms = made_ms + (due_ms - made_ms) // 5 * 4
        times = (*[ended_ms] * 5, ended_ms + 90 * SECOND, *around_due, made_ms - MINUTE, four_fifths_ms)
        for _ in range(rng.choice((0, 1, 1, 1, 1, 1, 2))):
            at = rng.choice(times)
            if rng.random() < 0.85:
                self._say("promise.fulfilled", at, {"promise_id": promise_id})
            else:
                by = rng.choice(("customer", "customer", "site"))
                self._say("promise.cancelled", at, {"promise_id": promise_id, "by": by})

    # Their ids, times and envelopes

    def _say(self, what: str, at: int, data: dict[str, Any], **attributes: str) -> str:
        event_id, source = self._id("e"), self.rng.choice(SOURCES)
        if self.rng.random() < 0.1 and what != "promise.made":
            at -= at % MINUTE  # ties in time, among events of every kind
        event = {
            "specversion": "1.0",
            "id": event_id,
            "source": f"{source}@{self.site}" if self.rng.random() < 0.9 else f"/hub/{self._count('hub')}",
            "type": f"moments.{what}",
            "time": rfc3339(self.rng, min(at, self.now_ms + 2 * MINUTE)),
            "siteid": self.site,
            "data": data,
            **attributes,
        }
        self.events.append(event)
        return event_id

    def _instant(self) -> int:
        """Some millisecond of the stream's days, the last ones more often: promises there are still open."""
        back = self.rng.choice((self.days, self.days, 3, 1)) * DAY
        at = self.now_ms - self.rng.randint(0, back)
        return at if self.rng.random() < 0.6 else at - at % SECOND

    def _near(self, at: int) -> int:
        near = self.rng.randint(-HOUR, HOUR)
        return at + self.rng.choice((0, 0, 1, near, self.rng.randint(0, 10) * SECOND))

    def _some(self, known: list[str], letter: str) -> str:
        """A thing of an earlier story, now and then one that no event has told of."""
        return self.rng.choice(known) if known and self.rng.random() < 0.93 else self._id(letter)

    def _id(self, letter: str) -> str:
        """Plain ids, and ids with slashes, blanks, other scripts and what URLs and SQL would trip over."""
        number = self._count(letter)
        return ID_FORMS[number * 7 % len(ID_FORMS)].format(letter, number)

    def _count(self, what: str) -> int:
        self._counted[what] = self._counted.get(what, 0) + 1
        return self._counted[what]
