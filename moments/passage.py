"""The way through the door process to the core: everything the door does not answer itself.

One public address serves both processes. While the core restarts, the door goes on taking events, and what
is passed through here is answered 503 with Retry-After.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
from starlette.types import Receive, Scope, Send

# What belongs to one connection and not to the message (RFC 9110, 7.6.1).
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_INTERNAL = "/internal/"
_SAFE = frozenset({"GET", "HEAD"})
"""Methods that change nothing (RFC 9110, 9.2.1)."""
_PROBLEM = b"application/problem+json"


class Passage:
    """An ASGI application that passes requests on to the core's local socket, streaming both ways, headers
    kept."""

    def __init__(self, core_socket: Path) -> None:
        self._http = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(
                uds=str(core_socket),
                limits=httpx.Limits(max_connections=256, max_keepalive_connections=64, keepalive_expiry=30),
            ),
            base_url="http://core",
            # The core bounds its queries itself; only an absent core is noticed here.
            timeout=httpx.Timeout(None, connect=2.0),
        )

    async def aclose(self) -> None:
        """Closes the connections to the core."""
        await self._http.aclose()

    async def fetch(self, path: str) -> httpx.Response | None:
        """A small answer of the core for the door's own use; None while it is away."""
        try:
            return await self._http.get(path)
        except httpx.TransportError:
            return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"].startswith(_INTERNAL):
            await _problem(send, 404, "not_found", "There is nothing here")
            return
        target = scope["raw_path"] or scope["path"].encode()
        if scope["query_string"]:
            target += b"?" + scope["query_string"]
        headers = [(name, value) for name, value in scope["headers"] if name not in _HOP_BY_HOP]
        request = httpx.Request(
            scope["method"],
            httpx.URL(scheme="http", host="core", raw_path=target),
            headers=headers,
            content=_body(receive) if _has_body(scope) else None,
        )
        started = False
        try:
            answer = await self._ask(request)
            try:
                kept = [
                    (name.lower(), value)
                    for name, value in answer.headers.raw
                    if name.lower() not in _HOP_BY_HOP
                ]
                await send({"type": "http.response.start", "status": answer.status_code, "headers": kept})
                started = True
                async for part in answer.aiter_raw():
                    await send({"type": "http.response.body", "body": part, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
            finally:
                await answer.aclose()
        except httpx.TransportError:
            if started:
                # Half an answer is out: the connection has to break, or the reader takes it for the whole.
                raise
            await _problem(
                send, 503, "core_restarting", "The read side is starting; events are taken meanwhile"
            )

    async def _ask(self, request: httpx.Request) -> httpx.Response:
        """The answer's head. A kept connection that the core closes in this instant is no reason to refuse a
        read: it is asked once more, over another one.
        """
        try:
            return await self._http.send(request, stream=True)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            if request.method not in _SAFE:
                raise
            return await self._http.send(request, stream=True)


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        yield message.get("body", b"")
        more = message.get("more_body", False)


async def _problem(send: Send, status: int, code: str, detail: str) -> None:
    """An RFC 9457 problem document."""
    body = b'{"type":"/v1/errors#%b","title":"%b","status":%d,"detail":"%b"}' % (
        code.encode(),
        code.replace("_", " ").capitalize().encode(),
        status,
        detail.encode(),
    )
    headers = [(b"content-type", _PROBLEM), (b"content-length", str(len(body)).encode())]
    if status == 503:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
