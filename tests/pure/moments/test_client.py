"""The connection of the verbs to a platform that starts anew meanwhile."""

from __future__ import annotations

import re

import httpx
import pytest

from moments.client import Platform
from moments.errors import CommandFailed


def test_a_key_that_is_wrong_stays_wrong() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(401, json={"detail": "a valid key is needed"}))
    with (
        Platform(
            "http://one", "old", patience_s=60, transport=transport, found=lambda: ("http://one", "old")
        ) as here,
        pytest.raises(CommandFailed, match="a valid key is needed"),
    ):
        here.ask("GET", "/v1/status")


def telling(*statuses: int | None) -> list[str]:
    """What is told while a platform answers these statuses (None: not at all), then 200."""
    left = list(statuses)
    told: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        status = left.pop(0) if left else 200
        if status is None:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(status, json={})

    with Platform(
        "http://one",
        patience_s=300,
        transport=httpx.MockTransport(answer),
        pause=lambda _: None,
        tell=told.append,
    ) as here:
        here.ask("GET", "/v1/status")
    return told


def test_waiting_for_a_dead_address_is_told_once_with_its_end() -> None:
    (told,) = telling(None, None, None)

    assert re.fullmatch(
        r"http://one does not answer: refused; trying again until \d\d:\d\d:\d\d \(300 s\)", told
    )


def test_a_busy_door_is_told_only_when_it_stays_busy() -> None:
    assert telling(429) == []
    (told,) = telling(429, 429, 503)
    assert told.startswith("http://one answers 429")


def test_a_platform_that_starts_anew_is_followed_to_its_new_address_and_key() -> None:
    asked: list[tuple[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.url.host, request.headers["Authorization"]))
        if request.url.host == "one":
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(
            200 if request.headers["Authorization"] == "Bearer new" else 401, json={"ok": 1}
        )

    places = iter([None, ("http://two", "late"), ("http://two", "new")])
    transport = httpx.MockTransport(answer)
    with Platform(
        "http://one",
        "old",
        patience_s=60,
        transport=transport,
        pause=lambda _: None,
        found=lambda: next(places),
    ) as here:
        assert here.ask("GET", "/v1/status") == {"ok": 1}

    assert asked == [("one", "Bearer old")] * 2 + [("two", "Bearer late"), ("two", "Bearer new")]
