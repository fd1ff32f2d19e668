"""Refusals come first: who may not, what cannot be answered, and how the answer says so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from api.directory import directory_of
from domain.structure import StructureState
from projections.store import StoreError
from tests.pure.api.services import Api, Canned, HeldProgress, services

PROBLEM = "application/problem+json"

PUBLIC = {"/healthz", "/readyz", "/metrics"}
ANY_KEY = {"/v1/schemas", "/v1/schemas/{wire_type}/{version}", "/v1/errors"}
EXAMPLES = {
    "{codes}": "on_time",
    "{code}": "on_time",
    "{outcomes}": "complaints",
    "{id}": "p-1",
    "{wire_type}": "promise.made",
    "{version}": "1",
}
REQUIRED = {"/v1/shares": {"measure": "late_minutes"}}


@pytest.fixture(scope="module")
def api() -> Api:
    return Api(services())


def paths(api: Api) -> list[tuple[str, str]]:
    """Every route of the application, as (template, a path that could be asked for)."""
    found = []
    for template in api.app.openapi()["paths"]:
        path = template
        for placeholder, example in EXAMPLES.items():
            path = path.replace(placeholder, example)
        assert "{" not in path, f"give {template} an example here"
        found.append((template, path))
    return found


class TestKeys:
    def test_no_route_but_the_probes_answers_without_a_key(self, api: Api) -> None:
        for template, path in paths(api):
            answer = api.get(path, key=None, **REQUIRED.get(template, {}))
            if template in PUBLIC:
                assert answer.status_code == 200
            else:
                assert (template, answer.status_code) == (template, 401)
                assert answer.headers["content-type"] == PROBLEM
                assert answer.headers["www-authenticate"].startswith("Bearer")

    def test_a_wrong_key_is_401(self, api: Api) -> None:
        assert api.get("/v1/kpis", key="nobody").json()["code"] == "unknown_key"

    def test_a_key_for_intake_reads_the_contract_and_nothing_else(self, api: Api) -> None:
        for template, path in paths(api):
            if template in PUBLIC:
                continue
            answer = api.get(path, key="till", **REQUIRED.get(template, {}))
            expected = 200 if template in ANY_KEY else 403
            assert (template, answer.status_code) == (template, expected)


class TestLimitsOfAKey:
    def test_every_reading_route_refuses_another_site(self, api: Api) -> None:
        """A new endpoint cannot forget the scope: it is asked here as soon as it exists."""
        for template, path in paths(api):
            if template in PUBLIC | ANY_KEY:
                continue
            answer = api.get(path, key="msk-01", site="lon-01", **REQUIRED.get(template, {}))
            assert (template, answer.status_code) == (template, 403)

    def test_every_query_of_a_limited_key_names_its_sites(self) -> None:
        """Whatever the endpoint asks the store for facts, it asks for its own sites only."""
        store = Canned()
        api = Api(services(store))
        for template, path in paths(api):
            if template in PUBLIC | ANY_KEY:
                continue
            store.seen.clear()
            api.get(path, key="msk-01", **REQUIRED.get(template, {}))
            for sql, params in store.seen:
                if "moments.sources" in sql:
                    continue
                assert params.get("sites") == ["msk-01"], (template, sql)
                assert "{sites:Array(String)}" in sql

    def test_a_site_outside_the_key_and_one_that_does_not_exist_get_the_same_words(self, api: Api) -> None:
        other = api.get("/v1/kpis/on_time", key="msk-01", site="lon-01")
        nobody = api.get("/v1/kpis/on_time", key="msk-01", site="nowhere-99")
        assert other.status_code == nobody.status_code == 403
        assert other.json() == nobody.json()
        assert "lon-01" not in other.text

    def test_a_region_outside_the_key_is_403_also_when_it_does_not_exist(self, api: Api) -> None:
        assert api.get("/v1/kpis/on_time", key="north", region="west").status_code == 200  # spb-01 was west
        assert api.get("/v1/kpis/on_time", key="msk-01", region="west").status_code == 403
        assert api.get("/v1/kpis/on_time", key="msk-01", region="atlantis").status_code == 403

    def test_a_key_for_a_region_sees_the_sites_that_are_in_it_now(self) -> None:
        store = Canned()
        Api(services(store)).get("/v1/kpis/on_time", key="north")
        assert store.seen[-1][1]["sites"] == ["msk-01", "msk-02", "spb-01"]

    def test_a_key_whose_region_has_no_site_sees_nothing_rather_than_all(self) -> None:
        store = Canned()
        Api(services(store)).get("/v1/kpis/on_time", key="nowhere")
        assert store.seen[-1][1]["sites"] == []

    def test_the_status_of_the_line_is_for_the_whole_chain_only(self, api: Api) -> None:
        limited = api.get("/v1/status", key="msk-01").json()
        assert [row["site"] for row in limited["sites"]] == ["msk-01"]
        assert "platform" not in limited
        assert "platform" in api.get("/v1/status").json()


class TestMissing:
    @pytest.mark.parametrize("path", ["/", "/v1/nothing", "/v2/kpis", "/v1/kpis/on_time/more"])
    def test_an_unknown_path_is_a_problem_document(self, api: Api, path: str) -> None:
        answer = api.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, PROBLEM)
        assert answer.json()["type"] == "/v1/errors#not_found"

    def test_another_method_is_405_as_a_problem_document(self, api: Api) -> None:
        answer = api.ask("DELETE", "/v1/kpis", {"Authorization": "Bearer chain"}, {})
        assert (answer.status_code, answer.headers["content-type"]) == (405, PROBLEM)
        assert answer.headers["allow"]

    def test_a_measure_that_does_not_exist(self, api: Api) -> None:
        answer = api.get("/v1/kpis/ves,happiness")
        assert answer.status_code == 404
        assert "on_time" in answer.json()["allowed"]

    @pytest.mark.parametrize("path", ["/v1/promises/none", "/v1/visits/none"])
    def test_what_no_site_has(self, api: Api, path: str) -> None:
        assert api.get(path).status_code == 404

    def test_a_schema_that_does_not_exist(self, api: Api) -> None:
        assert api.get("/v1/schemas/promise.dreamt/1").json()["code"] == "unknown_type"
        assert api.get("/v1/schemas/promise.made/99").json()["code"] == "unknown_version"


class TestFormats:
    def test_a_format_nobody_offers(self, api: Api) -> None:
        answer = api.get("/v1/kpis/on_time", accept="application/xml")
        assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")

    def test_an_explanation_has_no_table(self, api: Api) -> None:
        assert api.get("/v1/promises/p-1", accept="text/csv").status_code == 406

    @pytest.mark.parametrize(
        ("accept", "given"),
        [
            ("*/*", "application/json"),
            ("text/*", "text/csv; charset=utf-8"),
            ("application/json;q=0.1, text/csv", "text/csv; charset=utf-8"),
            ("text/csv;q=0, */*;q=0.5", "application/json"),
            ("application/vnd.apache.parquet", "application/vnd.apache.parquet"),
        ],
    )
    def test_the_most_wanted_of_those_offered(self, api: Api, accept: str, given: str) -> None:
        assert api.get("/v1/kpis/on_time", accept=accept).headers["content-type"] == given


class TestParameters:
    @pytest.mark.parametrize(
        ("params", "code"),
        [
            ({"site": "nowhere-99"}, "unknown_site"),
            ({"region": "atlantis"}, "unknown_region"),
            ({"channel": "pigeon"}, "unknown_channel"),
            ({"department": "astrology"}, "unknown_department"),
            ({"tier": "nobility"}, "unknown_tier"),
            ({"from": "yesterday"}, "invalid_parameter"),
            ({"from": "2026-11-02", "to": "2026-11-01"}, "invalid_parameter"),
            ({"to": "2026-11-02T08:30:00"}, "invalid_parameter"),
            ({"grain": "minute"}, "invalid_parameter"),
            ({"group_by": "weather"}, "invalid_parameter"),
            ({"group_by": "department"}, "no_such_dimension"),
            ({"department": "kitchen"}, "no_such_dimension"),
            ({"sites": "msk-01"}, "unknown_parameter"),
            ({"min_position": "soon"}, "invalid_parameter"),
        ],
    )
    def test_a_wrong_parameter_is_named(self, api: Api, params: dict[str, str], code: str) -> None:
        answer = api.get("/v1/kpis/on_time", **params)
        body = answer.json()
        assert (answer.status_code, body["code"]) == (422, code), body
        assert body["errors"][0]["parameter"] in params

    def test_an_unknown_value_comes_with_those_allowed(self, api: Api) -> None:
        fault = api.get("/v1/kpis/on_time", site="nowhere-99").json()["errors"][0]
        assert fault["allowed"] == ["lon-01", "msk-01", "msk-02", "spb-01"]

    def test_shares_need_a_measure_that_is_shared(self, api: Api) -> None:
        assert api.get("/v1/shares").status_code == 422
        assert "late_minutes" in api.get("/v1/shares", measure="ves").json()["errors"][0]["allowed"]

    def test_a_list_refuses_a_cursor_of_another_kind(self, api: Api) -> None:
        assert api.get("/v1/promises", cursor="%%%").status_code == 422
        assert api.get("/v1/promises", cursor="e30").status_code == 422
        assert api.get("/v1/promises", limit=0).status_code == 422
        assert api.get("/v1/promises", state="happy").status_code == 422

    def test_a_measure_that_is_no_proportion_ranks_nobody(self, api: Api) -> None:
        assert api.get("/v1/rankings/ves").status_code == 422


class TestPosition:
    def test_a_position_not_reached_in_time_is_504(self, api: Api) -> None:
        answer = api.get("/v1/kpis/on_time", min_position="1-99")
        assert (answer.status_code, answer.json()["code"]) == (504, "position_not_reached")
        assert answer.json()["position"] == "1-42"

    def test_an_answer_waits_for_its_position(self) -> None:
        progress = HeldProgress(arrives_after=3)
        answer = Api(services(progress=progress, longest_wait_s=10)).get(
            "/v1/kpis/on_time", min_position="1-99"
        )
        assert answer.status_code == 200
        assert answer.json()["position"] == "1-99"

    def test_a_site_that_the_position_brings_is_known(self) -> None:
        """Whoever registers a site and asks by the position of the answer is not told that it is unknown."""
        progress = HeldProgress(arrives_after=3)
        given = services(progress=progress, longest_wait_s=10)
        later = given.directory()
        before = directory_of(StructureState())
        given = replace(given, directory=lambda: later if progress.held >= 99 else before)
        answer = Api(given).get("/v1/kpis/on_time", min_position="1-99", site="msk-01")
        assert answer.status_code == 200, answer.text


class TestProbes:
    def test_not_ready_says_why(self) -> None:
        api = Api(services(readiness=lambda: {"projector": "the projector is 20 s behind"}))
        answer = api.get("/readyz", key=None)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (503, "projector")

    def test_a_store_that_is_away_is_503_with_a_time_to_come_back(self) -> None:
        class Away(Canned):
            def arrow(self, sql: str, parameters: object = None) -> object:
                raise StoreError("the store is away")

        with capture_logs():
            answer = Api(services(Away())).get("/v1/kpis/on_time")
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert answer.headers["retry-after"] == "1"

    def test_a_fault_of_the_platform_is_a_problem_document_without_its_text(self) -> None:
        class Broken(Canned):
            def arrow(self, sql: str, parameters: object = None) -> object:
                raise RuntimeError("secret of lon-01")

        with capture_logs() as logged:
            answer = Api(services(Broken())).get("/v1/kpis/on_time")
        assert (answer.status_code, answer.headers["content-type"]) == (500, PROBLEM)
        assert "secret" not in answer.text
        assert logged[0]["path"] == "/v1/kpis/on_time"
