"""HEAD is GET without the body, of every path, probes and refusals included."""

import pytest

from tests.pure.api.services import Api, services


@pytest.mark.parametrize(
    "path",
    [
        "/healthz",
        "/readyz",
        "/metrics",
        "/v1/kpis",
        "/v1/kpis/on_time",
        "/v1/promises",
        "/v1/events",
        "/openapi.json",
    ],
)
def test_head_answers_as_get_does_without_a_body(path: str) -> None:
    api = Api(services())
    headers = {"Authorization": "Bearer chain"}
    got = api.ask("GET", path, headers, {})
    head = api.ask("HEAD", path, headers, {})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == got.headers["content-type"]
    if path != "/metrics":  # its figures go on
        assert head.headers.get("content-length") == got.headers.get("content-length")


@pytest.mark.parametrize(("path", "status"), [("/v1/kpis", 401), ("/v1/nothing", 404)])
def test_head_is_refused_as_get_is(path: str, status: int) -> None:
    answer = Api(services()).ask("HEAD", path, {}, {})
    assert (answer.status_code, answer.content) == (status, b"")


def test_head_of_an_engine_that_is_away_is_not_ready() -> None:
    api = Api(services(readiness=lambda: {"store_away": "ClickHouse does not answer"}))
    assert api.ask("HEAD", "/readyz", {}, {}).status_code == 503
