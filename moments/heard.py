"""What every request has: an id that its log lines and its answer carry, and its place in the metrics."""

import re
import time
from uuid import uuid4

from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

requests = Counter("moments_http_requests_total", "Requests answered, by status.", ["status"])
seconds = Histogram(
    "moments_http_request_seconds",
    "From a request's head to the end of its answer.",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
HEADER = "x-request-id"
_GIVEN = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_TRACE = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


class Heard:
    """An application whose requests have ids: the sender's own (X-Request-Id), its trace's, or a new one.

    The id goes on to whatever the application asks of other processes with the request's headers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = request_id(Headers(scope=scope))
        scope["headers"] = [
            *((name, value) for name, value in scope["headers"] if name != HEADER.encode()),
            (HEADER.encode(), request.encode()),
        ]
        began = time.perf_counter()

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                requests.labels(str(message["status"])).inc()
                MutableHeaders(scope=message)[HEADER] = request
            await send(message)

        with bound_contextvars(request=request):
            try:
                await self._app(scope, receive, answer)
            finally:
                seconds.observe(time.perf_counter() - began)


def request_id(headers: Headers) -> str:
    """The id that a request came with, as far as it is fit for a log line."""
    given = headers.get(HEADER, "")
    if _GIVEN.fullmatch(given):
        return given
    trace = _TRACE.fullmatch(headers.get("traceparent", ""))
    return trace[1] if trace else uuid4().hex
