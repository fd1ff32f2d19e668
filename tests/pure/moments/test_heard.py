"""Every request has an id, which its log lines and its answer carry."""

import asyncio
from collections.abc import Mapping

import httpx
import pytest
from prometheus_client import REGISTRY
from structlog.contextvars import get_contextvars

from moments.heard import Heard

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def ask(headers: Mapping[str, str] = {}) -> tuple[dict[str, str], httpx.Response]:
    """(what log lines within the request carry and what it hands on, its answer)."""
    seen: dict[str, str] = {}

    async def app(scope, receive, send) -> None:
        seen.update(get_contextvars())
        seen["handed on"] = dict(scope["headers"])[b"x-request-id"].decode()
        await send({"type": "http.response.start", "status": 418, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def whole() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(Heard(app))) as client:
            return await client.get("http://platform/", headers=headers)

    return seen, asyncio.run(whole())


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Request-Id": "till-2/0193"}, "till-2/0193"),
        ({"traceparent": TRACE}, "0af7651916cd43dd8448eb211c80319c"),
        ({"X-Request-Id": "mine", "traceparent": TRACE}, "mine"),
    ],
)
def test_a_request_keeps_the_id_that_it_came_with(headers: dict[str, str], expected: str) -> None:
    seen, answer = ask(headers)
    assert (seen["request"], seen["handed on"], answer.headers["x-request-id"]) == (expected,) * 3


@pytest.mark.parametrize("unfit", ["", "two words", "x" * 129, 'a"b'])
def test_an_id_that_would_spoil_a_line_is_replaced(unfit: str) -> None:
    seen, answer = ask({"X-Request-Id": unfit})
    assert len(seen["request"]) == 32
    assert seen["request"] == answer.headers["x-request-id"] != ask()[0]["request"]


def test_it_is_counted_by_status_and_leaves_nothing_behind() -> None:
    def counted() -> float:
        return REGISTRY.get_sample_value("moments_http_requests_total", {"status": "418"}) or 0.0

    before = counted()
    ask()
    assert counted() == before + 1
    assert get_contextvars() == {}
