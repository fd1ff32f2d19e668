"""A platform as the verbs see it: its address, a key, and answers or one-line refusals."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

import httpx

from moments import runfile
from moments.errors import CommandFailed
from moments.settings import Settings

AWAY = frozenset({429, 502, 503, 504})
"""Statuses of a platform that is busy, restarting or behind: the same request may succeed later."""

_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 10.0
_CONNECT_S = 10.0
_QUIET_S = 5.0


class Platform:
    """A connection to one platform; use as a context manager.

    `patience_s`: how long one request is tried again while the platform is away or asks to come later.
    `found`: where a platform of the data folder is now and its key, which change with every start.
    `tell`: gets one line an absence: what is waited for, and until when.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        patience_s: float = 0.0,
        timeout_s: float = 60.0,
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
        found: Callable[[], tuple[str, str] | None] | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._http = httpx.Client(
            timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, _CONNECT_S)), transport=transport
        )
        self._found = found
        self._meet(url, key)
        self._patience_s = patience_s
        self._pause = pause
        self._tell = tell

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, Any] | None = None,
        json: Any = None,
        content: bytes | None = None,
        content_type: str | None = None,
    ) -> httpx.Response:
        """The response, whatever its status but AWAY; waits out an absence for `patience_s`, then
        CommandFailed.

        A 429 or 503 with Retry-After is asked again after that many seconds, else after growing pauses.
        """
        headers = {"Content-Type": content_type} if content_type else None
        tried_until = time.monotonic() + self._patience_s
        pause, failures, told = _FIRST_PAUSE_S, 0, False
        while True:
            asked = 0.0
            try:
                answer = self._http.request(
                    method, path, params=params, json=json, content=content, headers=headers
                )
            except httpx.TransportError as gone:
                why = f"{self.url} does not answer: {str(gone) or type(gone).__name__}"
                self._follow()
                away = True
            else:
                if answer.status_code == httpx.codes.UNAUTHORIZED and self._follow():
                    continue
                if answer.status_code not in AWAY:
                    return answer
                why = f"{self.url} answers {answer.status_code}: {explain(answer)}"
                asked = _seconds(answer.headers.get("Retry-After"))
                away = False
            wait = max(asked, pause)
            if time.monotonic() + wait > tried_until:
                raise CommandFailed(why)
            # One that only asks to come later is waited for quietly the first time: a busy door does so.
            failures += 1
            if not told and (away or failures > 1 or wait > _QUIET_S):
                self._tell(f"{why}; trying again {_until(tried_until)}")
                told = True
            self._pause(wait)
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    def _meet(self, url: str, key: str | None) -> None:
        self.url, self._key = url, key
        self._http.base_url = httpx.URL(url)
        if key:
            self._http.headers["Authorization"] = f"Bearer {key}"

    def _follow(self) -> bool:
        """Whether the platform has started anew somewhere else or with another key; if so, turns there."""
        now = self._found() if self._found else None
        if now is None or now == (self.url, self._key):
            return False
        self._meet(*now)
        return True

    def ask(self, method: str, path: str, *, params: dict[str, Any] | None = None, json: Any = None) -> Any:
        """The decoded answer of a request that has to succeed; a refusal becomes CommandFailed."""
        answer = self.send(method, path, params=params, json=json)
        if answer.is_error:
            raise CommandFailed(explain(answer))
        return answer.json()


def explain(answer: httpx.Response) -> str:
    """One line from a problem document (RFC 9457), or the status where the body is none."""
    try:
        problem = answer.json()
        text = problem.get("detail") or problem["title"]
        faults = [
            f"{fault.get('pointer', '')} {fault.get('detail', '')}".strip()
            for fault in problem.get("errors", [])
        ]
    except (ValueError, KeyError, AttributeError, TypeError):
        return f"{answer.status_code} {answer.reason_phrase}"
    return " ".join([str(text), *(f"({fault})" for fault in faults[:3])])


@contextmanager
def connect(
    settings: Settings, *, patience_s: float = 0.0, tell: Callable[[str], None] = lambda _: None
) -> Iterator[Platform]:
    """The platform the settings name, else the one running on the data folder (its owner needs no key).

    Raises CommandFailed with how to name one when there is none.
    """
    key = settings.key.get_secret_value() if settings.key else None

    def found() -> tuple[str, str] | None:
        running = runfile.read(settings.data)
        return None if running is None else (running.url, key or running.token)

    url = settings.url
    if url is None:
        running = found()
        if running is None:
            raise CommandFailed(
                f"no platform is running on {settings.data}: start one (`moments up`) or name one with --url"
            )
        url, key_now = running
        platform = Platform(url, key_now, patience_s=patience_s, found=found, tell=tell)
    else:
        platform = Platform(url, key, patience_s=patience_s, tell=tell)
    with platform:
        yield platform


def _until(tried_until: float) -> str:
    """When trying ends, by the clock on the user's wall."""
    left = max(0.0, tried_until - time.monotonic())
    end = datetime.now().astimezone() + timedelta(seconds=left)
    return f"until {end:%H:%M:%S} ({left:.0f} s)"


def _seconds(retry_after: str | None) -> float:
    try:
        return max(0.0, float(retry_after or 0))
    except ValueError:
        return 0.0
