"""Every figure of the API against exact arithmetic: a nasty stream through the real projector and engine."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from api.directory import directory_of
from domain.attribution import planned_budget
from domain.cloudevents import from_structured
from domain.derive import Facts
from domain.measures import CATALOGUE, SHARED
from domain.structure import StructureState
from domain.times import format_rfc3339, parse_rfc3339
from projections.evidence import Told
from projections.explain import Explainer
from projections.feed import Read
from projections.measures import COLUMNS, cells_select, measure_select
from projections.projector import Projector
from projections.store import Store
from tests.engines.api.exact import Observation, by_department, summed, whole
from tests.pure.api.services import NOW, Api, HeldKeys, KeyScope, services
from tests.streams import distinct, facts_of, random_stream, site_decisions, structure_of, to_event

SEED, SIZE = 7, 2500


@dataclass
class ListFeed:
    """A feed of events at hand, all at once."""

    told: list[Told]
    name: str = "list"

    def read(self, positions: Mapping[int, int], limit: int) -> Read:
        done = positions.get(1, 0)
        batch = self.told[done : done + limit]
        return Read(batch, [], {1: done + len(batch)})

    def head(self) -> Mapping[int, int]:
        return {1: len(self.told)}


@dataclass
class Chain:
    api: Api
    facts: Facts
    state: StructureState
    store: Store

    def observations(self, code: str, *, split: bool) -> list[Observation]:
        return list((by_department if split else whole)(code, self.facts))


def told_of(position: int, event: dict[str, Any]) -> Told:
    envelope = from_structured(msgspec.json.encode(event))
    data = msgspec.json.encode(event["data"]).decode()
    return Told(to_event(event), envelope.version, NOW, 1, position, data, "")


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    decisions = site_decisions(SEED, NOW)
    events = random_stream(SEED, SIZE, NOW)
    arrived = [*decisions, *distinct(events)]
    store = Store(str(Path(tmp_path_factory.mktemp("clickhouse"))))
    told = [told_of(position, event) for position, event in enumerate(arrived, start=1)]
    projector = Projector(store, ListFeed(told), generation="g1", clock=lambda: NOW)
    projector.prepare()
    store.create("moments", "views", gen="g1", public="moments")
    projector.drain()
    state = structure_of(decisions)
    sites = state.sites()
    keys = {
        "chain": KeyScope("all", "read"),
        "one": KeyScope("one site", "read", sites=frozenset(sites[:1])),
    }
    ports = replace(
        services(store),
        directory=lambda: directory_of(state),
        keys=HeldKeys(keys),
        explain=Explainer(
            store, generation=lambda: "g1", structure=lambda: state, as_of=lambda: projector.as_of
        ),
    )
    yield Chain(Api(ports), facts_of(events, decisions, NOW), state, store)
    store.close()


def close(value: Any, exact: Fraction | None) -> bool:
    if value is None or exact is None:
        return value is None and exact is None
    return bool(value == pytest.approx(float(exact), rel=1e-9, abs=1e-9))


def expected_value(code: str, numerator: Fraction, denominator: Fraction, n: int) -> Fraction | None:
    measure = CATALOGUE[code]
    if measure.kind == "total":
        return numerator * Fraction(measure.scale) if n else None
    return numerator * Fraction(measure.scale) / denominator if denominator else None


def assert_equal_to_exact(
    chain: Chain, code: str, grain: str, group_by: tuple[str, ...], **params: Any
) -> int:
    split = "department" in group_by or "tier" in group_by
    observed = chain.observations(code, split=split)
    expected = summed(observed, grain, group_by, chain.state)
    rows = chain.api.rows(f"/v1/kpis/{code}", grain=grain, group_by=",".join(group_by), **params)
    found = {(row["period"], *(row[name] for name in group_by)): row for row in rows}
    assert len(found) == len(rows)
    if grain == "total" and not group_by and not expected:
        assert [row["value"] for row in rows] == [None]
        return 0
    assert found.keys() == expected.keys()
    for key, (numerator, denominator, n) in expected.items():
        row = found[key]
        assert close(row["numerator"], numerator), (code, key, row, numerator)
        assert close(row["value"], expected_value(code, numerator, denominator, n)), (code, key, row)
        assert row["n"] == n, (code, key, row, n)
    return len(rows)


class TestFigures:
    @pytest.mark.parametrize("code", CATALOGUE)
    @pytest.mark.parametrize(
        ("grain", "group_by"),
        [
            ("total", ()),
            ("total", ("site", "channel")),
            ("hour", ("site",)),
            ("hour", ()),
            ("day", ("region",)),
            ("week", ("site",)),
            ("month", ("channel",)),
        ],
    )
    def test_whole(self, chain: Chain, code: str, grain: str, group_by: tuple[str, ...]) -> None:
        assert_equal_to_exact(chain, code, grain, group_by)

    @pytest.mark.parametrize("code", [code for code, measure in CATALOGUE.items() if measure.by_department])
    @pytest.mark.parametrize(
        ("grain", "group_by"),
        [("total", ("department",)), ("day", ("site", "department")), ("week", ("region", "tier"))],
    )
    def test_by_department(self, chain: Chain, code: str, grain: str, group_by: tuple[str, ...]) -> None:
        assert assert_equal_to_exact(chain, code, grain, group_by)

    def test_a_span_of_days(self, chain: Chain) -> None:
        observed = chain.observations("on_time", split=False)
        days = sorted({seen.day for seen in observed})
        start, end = days[len(days) // 3], days[2 * len(days) // 3]
        inside = [seen for seen in observed if start <= seen.day < end]
        row = chain.api.rows("/v1/kpis/on_time", **{"from": start.isoformat(), "to": end.isoformat()})[0]
        assert row["n"] == len(inside) > 0

    @pytest.mark.parametrize("code", CATALOGUE)
    def test_a_span_of_instants_holds_what_is_dated_in_it(self, chain: Chain, code: str) -> None:
        for split in {False, CATALOGUE[code].by_department}:
            observed = chain.observations(code, split=split)
            instants = sorted({seen.at for seen in observed})
            start, end = instants[len(instants) // 3], instants[2 * len(instants) // 3]
            assert start % 3_600_000 or end % 3_600_000, "a span that hours do not tell"
            inside = [seen for seen in observed if start <= seen.at < end]
            span = {"from": format_rfc3339(start), "to": format_rfc3339(end)}
            group = {"group_by": "department"} if split else {}
            rows = chain.api.rows(f"/v1/kpis/{code}", **span, **group)
            assert sum(row["n"] for row in rows) == sum(seen.n for seen in inside), split

    def test_lists_hold_what_is_dated_in_a_span_of_instants(self, chain: Chain) -> None:
        for path, id_, dated in (
            ("promises", "promise_id", {key: fact.made_ms for key, fact in chain.facts.promises.items()}),
            ("visits", "visit_id", {key: fact.at_ms for key, fact in chain.facts.visits.items()}),
        ):
            instants = sorted(dated.values())
            start = instants[len(instants) // 2]
            end = start + 30 * 60_000
            span = {"from": format_rfc3339(start), "to": format_rfc3339(end)}
            rows = chain.api.get(f"/v1/{path}", limit=1000, **span).json()["rows"]
            inside = {key for key, at in dated.items() if start <= at < end}
            assert {(row["site"], row[id_]) for row in rows} == inside != set()

    def test_lists_show_starts_that_were_told_and_budgets_that_were_planned(self, chain: Chain) -> None:
        visits = chain.api.get("/v1/visits", limit=1000).json()["rows"]
        for row in visits:
            started = chain.facts.visits[row["site"], row["visit_id"]].started_ms
            assert (row["started_at"] and parse_rfc3339(row["started_at"])) == started
        unfulfilled = 0
        for row in chain.api.get("/v1/promises", limit=1000).json()["rows"]:
            fact = chain.facts.promises[row["site"], row["promise_id"]]
            unfulfilled += fact.ledger is None
            assert row["budget_s"] == planned_budget(fact.planned)
        assert unfulfilled

    def test_a_region_counts_a_site_while_it_is_in_it(self, chain: Chain) -> None:
        observed = chain.observations("on_time", split=False)
        by_region = summed(observed, "total", ("region",), chain.state)
        for (_, region), (_, _, n) in by_region.items():
            assert chain.api.rows("/v1/kpis/on_time", region=region)[0]["n"] == n

    def test_several_measures_in_one_call(self, chain: Chain) -> None:
        answer = chain.api.get("/v1/kpis/ves,on_time,nps", grain="month").json()
        assert [result["kpi"] for result in answer["results"]] == ["ves", "on_time", "nps"]
        for result in answer["results"]:
            same_rows(result["rows"], chain.api.rows(f"/v1/kpis/{result['kpi']}", grain="month"))

    def test_no_observation_is_null(self, chain: Chain) -> None:
        (row,) = chain.api.rows("/v1/kpis/ves", **{"from": "1999-01-01", "to": "1999-01-02"})
        assert (row["value"], row["n"], row["lo"], row["low_n"]) == (None, 0, None, True)
        assert chain.api.rows("/v1/kpis/ves", grain="day", **{"from": "1999-01-01", "to": "1999-01-02"}) == []


class TestSelects:
    @pytest.mark.parametrize("code", CATALOGUE)
    def test_each_part_yields_exactly_the_contract(self, chain: Chain, code: str) -> None:
        select = measure_select(code)
        for part in filter(None, (select.whole, select.departments)):
            described = {row[0]: row[1] for row in chain.store.rows(f"DESCRIBE TABLE ({part})")}
            assert tuple(described) == COLUMNS
            assert {described[name] for name in ("numerator", "denominator", "n", "squares")} == {"Float64"}

    def test_cells_hold_the_whole_and_its_parts(self, chain: Chain) -> None:
        rows = chain.store.rows(
            f"SELECT measure, department != '', sum(numerator) FROM ({cells_select()}) GROUP BY 1, 2"
        )
        sums = {(measure, bool(split)): total for measure, split, total in rows}
        for code in SHARED:
            assert sums[code, True] == pytest.approx(sums[code, False])


class TestShares:
    @pytest.mark.parametrize("code", SHARED)
    def test_basis_points_sum_and_quantities_add_up(self, chain: Chain, code: str) -> None:
        departments = chain.api.get("/v1/shares", measure=code).json()
        tiers = chain.api.get("/v1/shares", measure=code, by="tier").json()
        (total,) = chain.api.rows(f"/v1/kpis/{code}")
        for shares in (departments, tiers):
            assert sum(row["share_bp"] for row in shares["rows"]) == (10000 if shares["total"] > 0 else 0)
            assert shares["total"] == pytest.approx(total["value"] or 0, rel=1e-9)
        assert ("slack" in departments) == (code == "rescue_minutes")

    def test_a_filter_picks_rows_before_rounding(self, chain: Chain) -> None:
        shares = chain.api.get("/v1/shares", measure="late_minutes", tier="support").json()
        assert {row["tier"] for row in shares["rows"]} == {"support"}
        assert sum(row["share_bp"] for row in shares["rows"]) == 10000

    def test_outcomes_with_what_nobody_explains(self, chain: Chain) -> None:
        answer = chain.api.get("/v1/outcomes/detractors,complaints,refunds,one_star/shares").json()
        for result in answer["results"]:
            owned: dict[tuple[str, str], Fraction] = {}
            for fact in chain.facts.outcomes.values():
                if fact.outcome == result["outcome"]:
                    for department, quantity in fact.ledger.items():
                        key = (fact.currency or "" if result["outcome"] == "refunds" else "", department)
                        owned[key] = owned.get(key, Fraction(0)) + quantity
            parts = result.get("currencies") or [{"currency": "", **result}]
            found = {
                (part["currency"], row["department"]): row["quantity"]
                for part in parts
                for row in part["rows"]
            }
            expected = {key: quantity for key, quantity in owned.items() if quantity}
            assert found.keys() == expected.keys()
            assert all(close(found[key], quantity) for key, quantity in expected.items())
            for part in parts:
                assert sum(row["share_bp"] for row in part["rows"]) in (0, 10000)


class TestExplanations:
    def test_every_promise_is_its_exact_fact(self, chain: Chain) -> None:
        some = list(chain.facts.promises.items())[::11]
        for (site, promise_id), fact in some:
            answer = chain.api.get(f"/v1/promises/{quote(promise_id, safe='')}", site=site).json()
            assert (answer["state"], answer["channel"]) == (fact.state, fact.channel)
            shares = {row["department"]: Fraction(row["share"]) for row in answer["departments"]}
            assert {name: part for name, part in shares.items() if part} == {
                name: part for name, part in fact.equivalents.items() if part
            }
            assert sum(row["share_bp"] for row in answer["departments"]) in (0, 10000)
            if fact.ledger:
                assert Fraction(answer["late_s"]) == fact.ledger.late_s
                assert Fraction(answer["overrun_s"]) - Fraction(answer["absorbed_s"]) == fact.ledger.late_s

    def test_every_visit_is_75_less_debit_plus_credit(self, chain: Chain) -> None:
        for (site, visit_id), fact in list(chain.facts.visits.items())[::11]:
            answer = chain.api.get(f"/v1/visits/{quote(visit_id, safe='')}", site=site).json()
            assert answer["ves_exact"] == (None if fact.ves is None else str(fact.ves))
            assert len(answer["moments"]) == len(fact.moments)
            if fact.ves is not None:
                debit = sum(map(Fraction, answer["debit"].values()), Fraction(0))
                credit = sum(map(Fraction, answer["credit"].values()), Fraction(0))
                assert fact.ves == 75 - debit + credit


class TestLists:
    @pytest.mark.parametrize("path", ["/v1/promises", "/v1/visits", "/v1/events"])
    def test_pages_hold_every_row_once(self, chain: Chain, path: str) -> None:
        key = {"/v1/promises": "promise_id", "/v1/visits": "visit_id", "/v1/events": "id"}[path]
        seen: list[tuple[Any, ...]] = []
        cursor = None
        while True:
            page = chain.api.get(path, limit=1000, **({"cursor": cursor} if cursor else {})).json()
            seen += [(row["site"], row.get("source"), row[key]) for row in page["rows"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert len(seen) == len(set(seen)) > 100
        if path == "/v1/promises":
            assert {(site, id_) for site, _, id_ in seen} == chain.facts.promises.keys()

    def test_the_promises_a_department_owes(self, chain: Chain) -> None:
        rows = chain.api.rows("/v1/promises", department="kitchen", limit=1000)
        expected = {key for key, fact in chain.facts.promises.items() if fact.equivalents.get("kitchen")}
        assert {(row["site"], row["promise_id"]) for row in rows} == expected

    def test_an_event_by_its_identity(self, chain: Chain) -> None:
        (first, *_) = chain.api.rows("/v1/events", limit=1)
        (found,) = chain.api.rows("/v1/events", source=first["source"], id=first["id"])
        assert found == first
        assert isinstance(found["data"], dict)

    def test_events_of_a_business_day(self, chain: Chain) -> None:
        site = chain.state.sites()[0]
        calendar = chain.state.calendar(site)
        fact = next(fact for (of, _), fact in chain.facts.promises.items() if of == site)
        day = fact.business_date
        rows = chain.api.rows(
            "/v1/events", site=site, limit=1000, **{"from": day.isoformat(), "to": day.isoformat()}
        )
        assert rows == []
        rows = chain.api.rows(
            "/v1/events", site=site, promise_id=fact.promise_id, **{"from": day.isoformat()}
        )
        assert any(row["type"] == "moments.promise.made" for row in rows)
        assert calendar.business_date(fact.made_ms) == day


def same_rows(some: list[dict[str, Any]], others: list[dict[str, Any]]) -> None:
    """Equal but for the last bit of a float: two threads of the engine add in no fixed order."""
    assert len(some) == len(others) > 0
    for row, other in zip(some, others, strict=True):
        assert row.keys() == other.keys()
        for name, value in row.items():
            wanted = other[name]
            assert value == (pytest.approx(wanted, rel=1e-12) if isinstance(wanted, float) else wanted)


class TestFormats:
    @pytest.mark.parametrize(
        ("path", "params"),
        [
            ("/v1/kpis/on_time", {"grain": "day", "group_by": "site,channel"}),
            ("/v1/shares", {"measure": "debit_points"}),
            ("/v1/outcomes/complaints,refunds/shares", {}),
            ("/v1/promises", {"limit": 50}),
            ("/v1/visits", {"limit": 50}),
            ("/v1/sites", {}),
            ("/v1/rankings/on_time", {}),
            ("/v1/trends/ves", {}),
        ],
    )
    def test_all_formats_hold_the_same_rows(self, chain: Chain, path: str, params: dict[str, Any]) -> None:
        arrow_bytes = chain.api.get(path, accept="application/vnd.apache.arrow.stream", **params).content
        arrow = pa.ipc.open_stream(arrow_bytes).read_all()
        parquet = pa.parquet.read_table(
            io.BytesIO(chain.api.get(path, accept="application/vnd.apache.parquet", **params).content)
        )
        types = pa.csv.ConvertOptions(
            column_types=arrow.schema, strings_can_be_null=True, quoted_strings_can_be_null=False
        )
        csv_bytes = chain.api.get(path, accept="text/csv", **params).content
        csv = pa.csv.read_csv(io.BytesIO(csv_bytes), convert_options=types)
        same_rows(parquet.to_pylist(), arrow.to_pylist())
        same_rows(csv.to_pylist(), arrow.to_pylist())
        body = chain.api.get(path, **params).json()
        if "rows" in body:
            flat = arrow.to_pylist()
            shown = [{name: value for name, value in row.items() if name in flat[0]} for row in body["rows"]]
            same_rows([{name: row[name] for name in shown[0]} for row in flat], shown)


class TestLimits:
    def test_a_key_of_one_site_totals_over_it_alone(self, chain: Chain) -> None:
        site = chain.state.sites()[0]
        mine = chain.api.rows("/v1/kpis/on_time", key="one")
        assert mine == chain.api.rows("/v1/kpis/on_time", site=site)
        assert mine != chain.api.rows("/v1/kpis/on_time")

    def test_no_list_or_explanation_shows_another_site(self, chain: Chain) -> None:
        site, other, *_ = chain.state.sites()
        for path in ("/v1/promises", "/v1/visits", "/v1/events", "/v1/sites"):
            assert {row["site"] for row in chain.api.rows(path, key="one")} == {site}
        foreign = next(id_ for (of, id_) in chain.facts.promises if of == other)
        mine = {id_ for (of, id_) in chain.facts.promises if of == site}
        if foreign not in mine:
            hidden = chain.api.get(f"/v1/promises/{quote(foreign, safe='')}", key="one")
            never = chain.api.get("/v1/promises/never-made", key="one")
            assert hidden.status_code == never.status_code == 404
            assert hidden.json() == never.json()
