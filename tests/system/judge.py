"""The judge of a platform: everything the API says, held against exact arithmetic over what was sent.

Black box: it knows the public contract and the exact domain (`domain.derive`), never the SQL. What counts of
several versions of one identity is asked of `/v1/events`; that answers never contradict it is checked too.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import combinations
from math import fsum, isclose
from typing import Any
from urllib.parse import quote

import httpx

from domain.derive import Facts, MomentFact, OutcomeFact, PromiseFact, VisitFact, derive
from domain.rounding import basis_points
from domain.scoring import by_department as summed_points
from domain.statistics import adjusted_wald, garwood, student, wilson
from domain.structure import StructureState
from domain.times import format_rfc3339, parse_rfc3339
from tests.engines.api.exact import Observation, by_department, dimension, period, whole
from tests.streams import structure_of, to_event
from tests.system.conftest import eventually

CloudEventDict = dict[str, Any]
Identity = tuple[str, str]

WHOLE = ("site", "region", "channel")
SPLIT = (*WHOLE, "department", "tier")
GRAINS = ("total", "hour", "day", "week", "month")
SHARED = ("late_minutes", "promise_equivalents", "hidden_minutes", "rescue_minutes", "over_promise_minutes",
          "debit_points", "credit_points")  # fmt: skip
BY_DEPARTMENT = (*SHARED, "evidence_coverage")
WILSON = ("above_standard", "wow_rate", "spoil", "save", "on_time", "csat")
STUDENT = ("ves", "last_score")
CODES = (*WILSON, *STUDENT, "nps", "complaints_per_1000", "slack_minutes", *BY_DEPARTMENT)
TOTALS = {*SHARED, "slack_minutes"}
OUTCOMES = ("detractors", "complaints", "refunds", "one_star")
WEEK_MS = 7 * 86_400_000


class Deviation(AssertionError):
    """The platform says something else than exact arithmetic."""


@dataclass
class Judge:
    """One platform and everything that was sent to it.

    `sent`: every valid event by identity, all its versions. `decisions`: those that the door must have taken.
    """

    url: str
    key: str
    decisions: list[CloudEventDict]
    sent: dict[Identity, list[CloudEventDict]]
    complain: Callable[[str], None] | None = None
    counted: int = 0
    facts: Facts = field(default_factory=Facts)
    state: StructureState = field(default_factory=StructureState)
    events: list[CloudEventDict] = field(default_factory=list)
    as_of: int = 0
    position: str = ""
    found: list[str] = field(default_factory=list)
    _seen: dict[tuple[str, bool], list[Observation]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.url, timeout=60)

    # asking

    def get(self, path: str, key: str | None = None, **params: Any) -> httpx.Response:
        return self.http.get(
            path,
            params={name: value for name, value in params.items() if value is not None},
            headers={"Authorization": f"Bearer {key or self.key}"},
        )

    def ask(self, path: str, key: str | None = None, **params: Any) -> Any:
        answer = self.get(path, key, **params)
        assert answer.status_code == 200, f"{path} {params}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def pages(self, path: str, key: str | None = None, limit: int = 1000, **params: Any) -> list[dict]:
        rows: list[dict] = []
        cursor = None
        while True:
            page = self.ask(path, key, limit=limit, cursor=cursor, **params)
            assert len(page["rows"]) <= limit
            rows += page["rows"]
            cursor = page["next"]
            if cursor is None:
                return rows

    def same(self, what: Any, found: Any, expected: Any) -> None:
        """Counts one comparison; numbers to 1e-9, everything else exactly."""
        self.counted += 1
        if not same(found, expected):
            text = f"{what}: found {found!r}, exact {expected!r}"
            self.found.append(text)
            if self.complain is None:
                raise Deviation(text)
            self.complain(text)

    # what counts

    def settle(self, position: str) -> None:
        """Learns which version of each identity counts, and derives the exact facts as of the platform's
        clock.
        """
        self.position = position
        eventually(self._level, within_s=120)
        rows = self.pages("/v1/events")
        held = {(row["source"], row["id"]): row for row in rows}
        self.same("events once each", len(held), len(rows))
        decided = {(event["source"], event["id"]) for event in self.decisions}
        self.same("events held", held.keys() - decided, set(self.sent))
        self.same("decisions held", decided - held.keys(), set())
        self.events = []
        for identity, versions in self.sent.items():
            if identity in held:
                match = [event for event in versions if is_version(event, held[identity])]
                self.same(f"content of {identity}", bool(match), True)
                self.events += match[:1] or versions[:1]
        self.state = structure_of(self.decisions)
        self._clock()

    def _level(self) -> bool:
        """Whether the projections hold the position and nothing that a decision reaches back to is open."""
        answer = self.get("/v1/status", min_position=self.position)
        if answer.status_code in {503, 504}:
            return False
        status = answer.json()
        assert not status["platform"]["poison"], status["platform"]
        return not status["platform"]["queued_rederivations"]

    def _clock(self) -> None:
        self.as_of = self.ask("/v1/status")["platform"]["as_of"]
        self.facts = derive(map(to_event, self.events), self.state, self.as_of)
        self._seen.clear()

    def observations(self, code: str, *, split: bool) -> list[Observation]:
        if (code, split) not in self._seen:
            self._seen[code, split] = list((by_department if split else whole)(code, self.facts))
        return self._seen[code, split]

    # everything

    def everything(self, rng: random.Random, share: float = 1.0) -> int:
        """All comparisons, or about that share of those that are many. Returns how many there were."""
        for _ in range(3):
            before = self.counted
            self._clock()
            self.kpis(rng, share)
            self.shares(rng, share)
            self.outcomes(rng, share)
            self.promises(rng, share)
            self.visits(rng, share)
            self.lists(rng)
            self.completeness()
            if self._steady():
                return self.counted - before
            self.found.clear()
        raise Deviation("promises keep breaking while they are compared")

    def _steady(self) -> bool:
        """Whether no promise has come due since the facts were derived: else the clocks differ."""
        if not self.found:
            return True
        now = self.ask("/v1/status")["platform"]["as_of"]
        later = derive(map(to_event, self.events), self.state, now)
        return {k: p.state for k, p in later.promises.items()} == {
            k: p.state for k, p in self.facts.promises.items()
        }

    # measures

    def kpis(self, rng: random.Random, share: float) -> None:
        for code in CODES:
            dimensions = SPLIT if code in BY_DEPARTMENT else WHOLE
            for grain in GRAINS:
                for size in range(len(dimensions) + 1):
                    for group_by in combinations(dimensions, size):
                        if rng.random() < share or (grain == "total" and not group_by):
                            self.kpi(code, grain, group_by)
            for _ in range(max(1, round(40 * share))):
                groups = tuple(name for name in dimensions if rng.random() < 0.3)
                self.kpi(code, rng.choice(GRAINS), groups, **self.some_filters(rng, code))
        if rng.random() < max(share, 0.2):
            self.several(rng)

    def several(self, rng: random.Random) -> None:
        codes = rng.sample(CODES, 4)
        answer = self.ask(f"/v1/kpis/{','.join(codes)}", grain="week", group_by="site")
        self.same("several codes", [result["kpi"] for result in answer["results"]], codes)
        for code, result in zip(codes, answer["results"], strict=True):
            self._rows(code, "week", ("site",), {}, result["rows"])

    def some_filters(self, rng: random.Random, code: str) -> dict[str, Any]:
        filters: dict[str, Any] = {}
        observed = self.observations(code, split=code in BY_DEPARTMENT)
        pick = [rng.choice(observed) for _ in range(3)] if observed else []
        names = list(SPLIT if code in BY_DEPARTMENT else WHOLE)
        for name in rng.sample(names, rng.choice((1, 1, 2, 3))):
            values = {dimension(seen, name, self.state) for seen in pick} - {None, ""}
            if values:
                filters[name] = rng.sample(sorted(values), rng.randint(1, len(values)))
        if pick and rng.random() < 0.6:
            days = sorted(seen.day for seen in pick)
            filters["from"] = days[0].isoformat()
            if rng.random() < 0.7:
                filters["to"] = (days[-1] + timedelta(days=rng.choice((0, 1)))).isoformat()
        return filters

    def passes(self, seen: Observation, filters: dict[str, Any]) -> bool:
        for name in SPLIT:
            if name in filters and dimension(seen, name, self.state) not in filters[name]:
                return False
        start, end = filters.get("from"), filters.get("to")
        return (start is None or date.fromisoformat(start) <= seen.day) and (
            end is None or seen.day < date.fromisoformat(end)
        )

    def kpi(
        self, code: str, grain: str, group_by: tuple[str, ...], key: str | None = None, **filters: Any
    ) -> None:
        answer = self.ask(
            f"/v1/kpis/{code}", key, grain=grain, group_by=",".join(group_by) or None, **filters
        )
        self.same((code, "kpi"), (answer["kpi"], answer["grain"]), (code, grain))
        self.same((code, "span"), (answer["from"], answer["to"]), (filters.get("from"), filters.get("to")))
        self._rows(code, grain, group_by, filters, answer["rows"])

    def _rows(
        self, code: str, grain: str, group_by: tuple[str, ...], filters: dict[str, Any], rows: list[dict]
    ) -> None:
        split = bool({"department", "tier"} & {*group_by, *filters})
        sums: dict[tuple[Any, ...], list[Observation]] = defaultdict(list)
        for seen in self.observations(code, split=split):
            if self.passes(seen, filters):
                at = (period(seen, grain, self.state), *(dimension(seen, n, self.state) for n in group_by))
                sums[at].append(seen)
        if grain == "total" and not group_by:
            sums.setdefault(("total",), [])
        found = {(row["period"], *(row[name] for name in group_by)): row for row in rows}
        what = f"{code} {grain} by {','.join(group_by)} {filters}"
        self.same((what, "rows"), len(found), len(rows))
        self.same((what, "keys"), set(found), set(sums))
        for at, observed in sums.items():
            if at in found:
                self._figure(code, (what, at), found[at], observed)

    def _figure(self, code: str, what: Any, row: dict[str, Any], observed: list[Observation]) -> None:
        numerator = fsum(map(float, (seen.numerator for seen in observed)))
        denominator = fsum(map(float, (seen.denominator for seen in observed)))
        n = sum(seen.n for seen in observed)
        if code in TOTALS:
            value = numerator if n else None
        else:
            scale = {"nps": 100, "complaints_per_1000": 1000}.get(code, 1)
            value = scale * numerator / denominator if denominator else None
        ends: Any = None
        if value is not None:
            if code in WILSON:
                ends = wilson(numerator, denominator)
            elif code in STUDENT:
                exact = sum((seen.numerator for seen in observed), Fraction(0))
                ends = student(n, exact, sum((seen.numerator**2 for seen in observed), Fraction(0)))
            elif code == "nps":
                promoters = sum(seen.numerator > 0 for seen in observed)
                ends = adjusted_wald(promoters, sum(seen.numerator < 0 for seen in observed), n)
            elif code == "complaints_per_1000":
                ends = garwood(numerator, denominator)
        lo, hi = ends or (None, None)
        expected = {"value": value, "n": n, "numerator": numerator, "denominator": denominator,
                    "lo": lo, "hi": hi, "low_n": n < 30, "hidden": False}  # fmt: skip
        self.same(what, {name: row[name] for name in expected}, expected)

    # shares

    def shares(self, rng: random.Random, share: float) -> None:
        for measure in SHARED:
            for by in ("department", "tier"):
                self.share(measure, by)
                for _ in range(max(1, round(8 * share))):
                    self.share(measure, by, **self.some_filters(rng, measure))

    def share(self, measure: str, by: str, key: str | None = None, **filters: Any) -> None:
        answer = self.ask("/v1/shares", key, measure=measure, by=by, **filters)
        owned: dict[str, Fraction] = defaultdict(Fraction)
        for seen in self.observations(measure, split=True):
            if self.passes(seen, filters):
                owned[dimension(seen, by, self.state) or ""] += seen.numerator
        what = f"shares {measure} by {by} {filters}"
        self._owners(what, answer, by, owned)
        split = bool({"department", "tier"} & filters.keys())
        evidence = [
            seen for seen in self.observations("evidence_coverage", split=split) if self.passes(seen, filters)
        ]
        known, debit = (
            sum((getattr(s, name) for s in evidence), Fraction(0)) for name in ("numerator", "denominator")
        )
        self.same((what, "evidence"), answer["evidence_coverage"], float(known / debit) if debit else None)
        if measure == "rescue_minutes" and not split:
            slack = [
                seen for seen in self.observations("slack_minutes", split=False) if self.passes(seen, filters)
            ]
            self.same((what, "slack"), answer["slack"], fsum(float(seen.numerator) for seen in slack))

    def _owners(self, what: str, answer: dict[str, Any], by: str, owned: dict[str, Fraction]) -> None:
        points = basis_points(owned)
        rows = {row[by]: (row["quantity"], row["share_bp"]) for row in answer["rows"]}
        self.same((what, "once"), len(rows), len(answer["rows"]))
        self.same((what, "owners"), rows, {owner: (float(owned[owner]), bp) for owner, bp in points.items()})
        self.same((what, "total"), answer["total"], float(sum(owned.values(), Fraction(0))))
        self.same((what, "sum"), sum(bp for _, bp in rows.values()), 10000 if points else 0)
        if by == "department":
            departments = self.state.dictionary().departments
            for row in answer["rows"]:
                self.same((what, row[by]), row["tier"], departments[row[by]].tier.value)

    def outcomes(self, rng: random.Random, share: float) -> None:
        for by in ("department", "tier"):
            for filters in (
                {},
                *(self.some_filters(rng, "debit_points") for _ in range(max(1, round(8 * share)))),
            ):
                answer = self.ask(f"/v1/outcomes/{','.join(OUTCOMES)}/shares", by=by, **filters)
                for outcome, result in zip(OUTCOMES, answer["results"], strict=True):
                    self._outcome(outcome, by, filters, result)

    def _outcome(self, outcome: str, by: str, filters: dict[str, Any], result: dict[str, Any]) -> None:
        departments = self.state.dictionary().departments
        owned: dict[str, dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
        for fact in self.facts.outcomes.values():
            if fact.outcome != outcome:
                continue
            for department, part in fact.ledger.items():
                seen = Observation(
                    fact.site, fact.business_date, fact.hour, fact.channel, department, part, Fraction(1), 1
                )
                if self.passes(seen, filters):
                    owner = department if by == "department" else departments[department].tier.value
                    owned[fact.currency or "" if outcome == "refunds" else ""][owner] += part
        what = f"outcome {outcome} by {by} {filters}"
        self.same((what, "code"), result["outcome"], outcome)
        if outcome == "refunds":
            parts = {part["currency"]: part for part in result["currencies"]}
            self.same((what, "currencies"), set(parts), set(owned))
            for currency, part in parts.items():
                self._owners(f"{what} {currency}", part, by, owned[currency])
        else:
            self._owners(what, result, by, owned[""])

    # explanations

    def promises(self, rng: random.Random, share: float) -> None:
        ids = defaultdict(set)
        for (site, promise_id), fact in self.facts.promises.items():
            ids[promise_id].add(site)
            if rng.random() < share:
                answer = self.ask(
                    f"/v1/promises/{quote(promise_id, safe='' if rng.random() < 0.5 else '/')}", site=site
                )
                self.same(
                    f"promise {site} {promise_id}",
                    _without(answer, "complete_until", "position", "revised_at"),
                    self.promise(fact),
                )
        for promise_id, sites in list(ids.items())[:40]:
            answer = self.get(f"/v1/promises/{quote(promise_id, safe='')}")
            self.same(f"promise {promise_id}", answer.status_code, 200 if len(sites) == 1 else 409)
            if answer.status_code == 409:
                self.same(f"sites of {promise_id}", answer.json()["sites"], sorted(sites))

    def promise(self, fact: PromiseFact) -> dict[str, Any]:
        """The contract's `promises/{id}`, from the exact fact."""
        ledger, tiers = fact.ledger, self.state.dictionary().departments
        points = basis_points(fact.equivalents)
        names = (
            "slack_s",
            "late_s",
            "overrun_s",
            "credit_s",
            "absorbed_s",
            "over_promise_s",
            "slack_rescue_s",
        )
        exact = ("budget_s", "actual_s", "overrun_s", "credit_s", "share", "late_s", "hidden_s", "rescue_s")
        own = ("late_s", "hidden_s", "rescue_s", "overrun_s", "credit_s")
        lines = {line.department: line for line in ledger.departments} if ledger else {}
        return {
            "site": fact.site, "promise_id": fact.promise_id, "visit_id": fact.visit_id,
            "case_id": fact.case_id, "kind": fact.kind, "made_by": fact.made_by, "channel": fact.channel,
            "business_date": fact.business_date.isoformat(), "state": fact.state,
            "made_at": format_rfc3339(fact.made_ms), "due_at": format_rfc3339(fact.due_ms),
            "closed_at": fact.closed_ms and format_rfc3339(fact.closed_ms),
            "window_s": fact.window_s, "budget_s": planned_budget(fact),
            "elapsed_s": ledger and ledger.elapsed_s,
            **{name: ledger and str(getattr(ledger, name)) for name in names},
            "final": fact.final,
            "stages": [
                {"stage": line.stage, "department": line.department, "group": line.group,
                 **{name: str(getattr(line, name)) for name in exact}} for line in ledger.lines
            ] if ledger else [
                {"stage": stage.stage, "department": stage.department, "group": stage.group,
                 **dict.fromkeys(exact), "budget_s": str(stage.budget_s)} for stage in fact.planned
            ],
            "departments": [
                {"department": name, "tier": tiers[name].tier.value,
                 "share": str(fact.equivalents.get(name, Fraction(0))), "share_bp": points.get(name, 0),
                 **{field: str(getattr(lines[name], field)) if name in lines else "0" for field in own},
                 "but_for": lines[name].but_for if name in lines else None}
                for name in sorted({*lines, *fact.equivalents})
            ],
        }  # fmt: skip

    def visits(self, rng: random.Random, share: float) -> None:
        told: dict[Any, list[OutcomeFact]] = defaultdict(list)
        for outcome in self.facts.outcomes.values():
            told[outcome.site, outcome.visit_id].append(outcome)
        promised: dict[Any, list[PromiseFact]] = defaultdict(list)
        for promise in self.facts.promises.values():
            promised[promise.site, promise.visit_id].append(promise)
        for (site, visit_id), fact in self.facts.visits.items():
            if rng.random() < share:
                answer = self.ask(f"/v1/visits/{quote(visit_id, safe='')}", site=site)
                for promise in answer["promises"]:
                    promise.pop("revised_at")
                self.same(
                    f"visit {site} {visit_id}",
                    _without(answer, "complete_until", "position"),
                    self.visit(fact, told[site, visit_id], promised[site, visit_id]),
                )

    def visit(self, fact: VisitFact, told: list[OutcomeFact], promised: list[PromiseFact]) -> dict[str, Any]:
        """The contract's `visits/{id}`, from the exact facts."""
        told = sorted(told, key=lambda of: (of.at_ms, of.event_id, of.source))
        voice = {"nps", "csat", "ces", "smiley", "talk", "review"}
        if fact.ves is not None:
            debit, credit = (sum(summed_points(p).values(), Fraction(0)) for p in (fact.debit, fact.credit))
            self.same(f"visit {fact.visit_id} adds up", fact.ves, 75 - debit + credit)
        return {
            "site": fact.site, "visit_id": fact.visit_id, "channel": fact.channel,
            "business_date": fact.business_date.isoformat(),
            "started_at": fact.started_ms and format_rfc3339(fact.started_ms),
            "ended_at": fact.ended_ms and format_rfc3339(fact.ended_ms),
            "ves": None if fact.ves is None else float(fact.ves),
            "ves_exact": None if fact.ves is None else str(fact.ves),
            "last_score": fact.last_score, "wow": fact.wow,
            "debit": _texts(summed_points(fact.debit)), "credit": _texts(summed_points(fact.credit)),
            "moments": [self.moment(moment) for moment in fact.moments],
            "outcomes": [
                {"source": of.source, "id": of.event_id, "kind": of.kind, "outcome": of.outcome,
                 "at": format_rfc3339(of.at_ms), "amount": None if of.amount is None else str(of.amount),
                 "currency": of.currency, "case_id": of.case_id, "owners": _texts(of.ledger)}
                for of in told if of.kind not in voice or of.outcome
            ],
            "feedback": [
                {"source": of.source, "id": of.event_id, "instrument": of.kind, "score": of.score,
                 "at": format_rfc3339(of.at_ms)} for of in told if of.kind in voice
            ],
            "promises": [self.promise(p) for p in sorted(promised, key=lambda p: (p.made_ms, p.promise_id))],
        }  # fmt: skip

    @staticmethod
    def moment(moment: MomentFact) -> dict[str, Any]:
        return {
            "moment": moment.moment, "moment_id": moment.moment_id, "promise_id": moment.promise_id,
            "at": format_rfc3339(moment.at_ms), "outcome": moment.outcome, "score": moment.score,
            "weight": str(moment.weight), "position": moment.position, "derived": moment.derived,
            "made_by": moment.made_by, "basis": moment.basis, "split": _texts(moment.split),
            "debit": str(moment.debit), "credit": str(moment.credit),
        }  # fmt: skip

    # lists

    def lists(self, rng: random.Random) -> None:
        rows = {
            (row["site"], row["promise_id"]): row
            for row in self.pages("/v1/promises", limit=rng.randint(50, 900))
        }
        self.same("promises listed", set(rows), set(self.facts.promises))
        for key, fact in self.facts.promises.items():
            if key in rows:
                self.same(("listed promise", key), rows[key] | {"revised_at": None}, _promise_row(fact))
        for state in ("open", "kept", "late", "broken", "cancelled", "waiting"):
            expected = (
                self.facts.waiting if state == "waiting"
                else {key for key, fact in self.facts.promises.items() if fact.state == state}
            )  # fmt: skip
            found = {(row["site"], row["promise_id"]) for row in self.pages("/v1/promises", state=state)}
            self.same(("promises", state), found, expected)
        department = rng.choice(
            sorted({name for fact in self.facts.promises.values() for name in fact.equivalents} or {"bar"})
        )
        found = {
            (row["site"], row["promise_id"]) for row in self.pages("/v1/promises", department=department)
        }
        owing = {key for key, fact in self.facts.promises.items() if fact.equivalents.get(department)}
        self.same(("promises owed by", department), found, owing)
        visits = {
            (row["site"], row["visit_id"]): row
            for row in self.pages("/v1/visits", limit=rng.randint(50, 900))
        }
        self.same("visits listed", set(visits), set(self.facts.visits))
        for key, visit in self.facts.visits.items():
            if key in visits:
                self.same(("listed visit", key), visits[key], _visit_row(visit))
        waiting: dict[str, int] = defaultdict(int)
        for site, _ in self.facts.waiting:
            waiting[site] += 1
        for row in self.ask("/v1/status")["sites"]:
            self.same(("waiting promises", row["site"]), row.get("waiting_promises", 0), waiting[row["site"]])

    # completeness

    def completeness(self) -> None:
        until, silent = completeness(self.events)
        status = self.ask("/v1/status")
        self.same("complete_until", status["complete_until"], _instant(min(until.values(), default=None)))
        for row in status["sites"]:
            self.same(
                ("complete_until", row["site"]), row["complete_until"], _instant(until.get(row["site"]))
            )
            self.same(("silent", row["site"]), set(row["silent_sources"]), silent.get(row["site"], set()))
            some = self.ask("/v1/kpis/ves", site=row["site"])
            self.same(
                ("complete_until of", row["site"]), some["complete_until"], _instant(until.get(row["site"]))
            )

    # limits

    def limited(self, rng: random.Random, keys: dict[str, tuple[str, list[str]]]) -> None:
        """Keys for some sites: (token, the sites it may see)."""
        for name, (token, sites) in keys.items():
            others = [site for site in self.state.sites() if site not in sites]
            for code in CODES:
                rows = self.ask(f"/v1/kpis/{code}", token, grain="day", group_by="channel")["rows"]
                self._rows(code, "day", ("channel",), {"site": sites}, rows)
            for measure in SHARED:
                answer = self.ask("/v1/shares", token, measure=measure)
                owned: dict[str, Fraction] = defaultdict(Fraction)
                for seen in self.observations(measure, split=True):
                    if seen.site in sites:
                        owned[seen.department] += seen.numerator
                self._owners(f"shares of {name}", answer, "department", owned)
            for path, field_ in (("/v1/promises", "promise_id"), ("/v1/visits", "visit_id")):
                facts = self.facts.promises if field_ == "promise_id" else self.facts.visits
                found = {(row["site"], row[field_]) for row in self.pages(path, token)}
                self.same((name, path), found, {key for key in facts if key[0] in sites})
                for site, id_ in (
                    rng.sample(sorted(key for key in facts if key[0] in others), 5) if others else ()
                ):
                    answer = self.get(f"{path}/{quote(id_, safe='')}", token)
                    if not any((mine, id_) in facts for mine in sites):
                        self.same((name, path, id_), answer.status_code, 404)
                    self.same(
                        (name, path, site),
                        self.get(f"{path}/{quote(id_, safe='')}", token, site=site).status_code,
                        403,
                    )
            self.same(
                (name, "events"), {row["site"] for row in self.pages("/v1/events", token)} - {*sites}, set()
            )
            self.same(
                (name, "sites"), {row["site"] for row in self.ask("/v1/sites", token)["rows"]}, set(sites)
            )
            self.same(
                (name, "status"), {row["site"] for row in self.ask("/v1/status", token)["sites"]}, set(sites)
            )
            for site in others[:2]:
                for path in ("/v1/kpis/ves", "/v1/promises", "/v1/events"):
                    self.same((name, path, site), self.get(path, token, site=site).status_code, 403)
                refused = self.get("/v1/shares", token, measure="late_minutes", site=site)
                self.same((name, "shares", site), refused.status_code, 403)


def same(found: Any, expected: Any) -> bool:
    """Equal; floats to 1e-9 of their size (or of one)."""
    if isinstance(expected, float) and isinstance(found, int | float) and not isinstance(found, bool):
        return isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(expected, dict):
        return isinstance(found, dict) and found.keys() == expected.keys() and all(
            same(found[name], value) for name, value in expected.items()
        )  # fmt: skip
    if isinstance(expected, list | tuple):
        return (
            isinstance(found, list | tuple)
            and len(found) == len(expected)
            and all(same(one, other) for one, other in zip(found, expected, strict=True))
        )
    return bool(found == expected) and isinstance(found, bool) == isinstance(expected, bool)


PERSONAL = ("customer_ref", "employee_ref", "verbatim", "owner")


def is_version(event: CloudEventDict, row: dict[str, Any]) -> bool:
    """Whether what the platform holds is this version of an identity; persons' words are sealed there."""
    return content(event) == (
        row["type"], parse_rfc3339(row["time"]), row["site"],
        {name: value for name, value in row["data"].items() if name not in PERSONAL},
    ) and all((name in row["data"]) == (name in event["data"]) for name in PERSONAL)  # fmt: skip


def content(event: CloudEventDict) -> tuple[Any, ...]:
    """What makes two versions of an identity the same or a conflict (R1), persons' words left out."""
    data = {name: value for name, value in event["data"].items() if name not in PERSONAL}
    return (event["type"], parse_rfc3339(event["time"]), event.get("siteid"), data)


def conflicts(one: CloudEventDict, other: CloudEventDict) -> bool:
    """Type, instant of time, siteid or data differ."""
    return content(one) != content(other) or one["data"] != other["data"]


def completeness(events: Iterable[CloudEventDict]) -> tuple[dict[str, int], dict[str, set[str]]]:
    """By site: up to when it is complete (UTC ms), and its silent sources."""
    last: dict[str, int] = {}
    sites: dict[str, set[str]] = defaultdict(set)
    numbers: dict[str, dict[int, int]] = defaultdict(dict)
    for event in events:
        source, at = event["source"], parse_rfc3339(event["time"])
        last[source] = max(last.get(source, at), at)
        sites[event.get("siteid") or ""].add(source)
        if "sequence" in event:
            number = int(event["sequence"])
            numbers[source][number] = max(numbers[source].get(number, at), at)
    until = {}
    for source, at in last.items():
        known = numbers[source]
        before_gap = next((n for n in sorted(known) if n + 1 not in known), None)
        gap = before_gap is not None and before_gap != max(known)
        until[source] = min(known[before_gap], at) if gap else at
    newest = max(last.values(), default=0)
    heard = {source for source, at in last.items() if at >= newest - WEEK_MS}
    found = {site: min(until[s] for s in of & heard) for site, of in sites.items() if of & heard}
    return found, {site: of - heard for site, of in sites.items()}


def _instant(ms: int | None) -> str | None:
    if ms is None:
        return None
    at = datetime.fromtimestamp(ms / 1000, UTC)
    return at.isoformat(timespec="milliseconds" if ms % 1000 else "seconds").replace("+00:00", "Z")


def _texts(parts: Any) -> dict[str, str]:
    return {name: str(part) for name, part in sorted(parts.items())}


def _without(answer: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in names}


def planned_budget(fact: PromiseFact) -> int:
    """B: the ledger's, or before there is one the plan's, a join counting its largest branch."""
    if fact.ledger is not None:
        return fact.ledger.budget_s
    nodes: dict[Any, int] = {}
    for stage in fact.planned:
        node = (stage.group,) if stage.group else stage.stage
        nodes[node] = max(nodes.get(node, 0), stage.budget_s)
    return sum(nodes.values())


def _promise_row(fact: PromiseFact) -> dict[str, Any]:
    ledger = fact.ledger
    whole_ = ("elapsed_s", "slack_s", "late_s", "over_promise_s")
    parts = ("overrun_s", "credit_s", "absorbed_s", "slack_rescue_s")
    return {
        "site": fact.site, "promise_id": fact.promise_id, "visit_id": fact.visit_id, "case_id": fact.case_id,
        "kind": fact.kind, "made_by": fact.made_by, "channel": fact.channel,
        "business_date": fact.business_date.isoformat(), "state": fact.state,
        "made_at": _instant(fact.made_ms),
        "due_at": _instant(fact.due_ms), "closed_at": _instant(fact.closed_ms), "revised_at": None,
        "window_s": fact.window_s, "budget_s": planned_budget(fact),
        **{name: ledger and getattr(ledger, name) for name in whole_},
        **{name: ledger and float(getattr(ledger, name)) for name in parts},
    }  # fmt: skip


def _visit_row(fact: VisitFact) -> dict[str, Any]:
    return {
        "site": fact.site, "visit_id": fact.visit_id, "channel": fact.channel,
        "business_date": fact.business_date.isoformat(), "started_at": _instant(fact.started_ms),
        "ended_at": _instant(fact.ended_ms), "moments": len(fact.moments),
        "ves": None if fact.ves is None else float(fact.ves),
        "last_score": None if fact.last_score is None else float(fact.last_score),
        "wow": fact.wow, "spoilt": fact.spoilt, "saved": fact.saved,
        "debit": float(sum(fact.debit.values())), "credit": float(sum(fact.credit.values())),
    }  # fmt: skip


def versions_of(events: Iterable[CloudEventDict]) -> dict[Identity, list[CloudEventDict]]:
    """Every identity with all that was ever sent under it."""
    out: dict[Identity, list[CloudEventDict]] = defaultdict(list)
    for event in events:
        out[event["source"], event["id"]].append(event)
    return dict(out)


def chunks(rng: random.Random, items: list[Any], largest: int) -> Iterator[list[Any]]:
    """Lists of random sizes, single ones often."""
    at = 0
    while at < len(items):
        size = rng.choice((1, 1, rng.randint(1, 20), rng.randint(1, largest)))
        yield items[at : at + size]
        at += size
