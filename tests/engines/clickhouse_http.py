"""ClickHouse's HTTP interface in front of chDB, for tests only: a stand-in for transport, not for a server.

What goes over the wire is what clickhouse-connect sends to a real server and expects from one: the statement
in the body or the `query` parameter, settings and `param_…` in the URL, FORMAT honoured, inserts as Native
or Arrow blocks (compressed or not), errors with their code. There are no users, quotas or row policies here:
chDB has none. One thing a user's name decides: whoever is called `…_reader` gets handles with readonly = 2,
so that the engine itself refuses everything but reading (the profile of projections/schema/server/02).

    python -m tests.engines.clickhouse_http FOLDER PORT
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qsl, urlsplit

from tests.engines.native_blocks import CUSTOM_SERIALIZATION, for_client

_TRANSPORT = {
    "query",
    "database",
    "session_id",
    "session_timeout",
    "session_check",
    "query_id",
    "quota_key",
    "compress",
    "decompress",
    "role",
    "wait_end_of_query",
    "client_protocol_version",
    "send_progress_in_http_headers",
    "enable_http_compression",
    "http_headers_progress_interval_ms",
    "buffer_size",
    "default_format",
    "user",
    "password",
    # a handle that is once read-only stays so, and handles are shared by requests here
    "readonly",
}
_FORMAT = re.compile(rb"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_INSERT = re.compile(rb"^\s*(INSERT\s+INTO\s+.+?)\s+FORMAT\s+(\w+)[ \t]*\n?", re.IGNORECASE | re.DOTALL)
_CODE = re.compile(r"Code: (\d+)")


class Engine:
    """One chDB; a handle for each thread, with the settings of the request before."""

    def __init__(self, path: str) -> None:
        import chdb

        self._path = path
        self._connect = chdb.connect
        self._local = threading.local()

    def run(
        self, statement: bytes, params: dict[str, str], default: str, user: str = ""
    ) -> tuple[bytes, str]:
        """(result, its format)."""
        handle = self._handle(params, reads_only=user.endswith("_reader"))
        insert = _INSERT.match(statement)
        if insert is not None and insert[2].lower() != b"values":
            return self._insert(handle, insert[1].decode(), insert[2].decode(), statement[insert.end() :]), ""
        found = _FORMAT.search(statement)
        form = found[1].decode() if found else default
        text = (statement[: found.start()] if found else statement).decode()
        given = {name[6:]: value for name, value in params.items() if name.startswith("param_")}
        result = handle.query(text, form, params=given) if given else handle.query(text, form)
        data = bytes(result.bytes()) if result is not None and result.size() else b""
        if form == "Native" and int(params.get("client_protocol_version", 0)) >= CUSTOM_SERIALIZATION:
            data = for_client(data)
        return data, form

    def _insert(self, handle: Any, head: str, form: str, data: bytes) -> bytes:
        if not data.strip():
            return b""
        with tempfile.NamedTemporaryFile(suffix=".block") as file:
            file.write(data)
            file.flush()
            handle.query(f"{head} FROM INFILE '{file.name}' FORMAT {form}", "TabSeparated")
        return b""

    def _handle(self, params: dict[str, str], *, reads_only: bool) -> Any:
        local = self._local
        if not hasattr(local, "handles"):
            local.handles = {}
        if reads_only not in local.handles:
            local.handles[reads_only] = (self._connect(self._path), {})
            if reads_only:
                local.handles[reads_only][0].query("SET readonly = 2")
        handle, settings = local.handles[reads_only]
        wanted = {k: v for k, v in params.items() if k not in _TRANSPORT and not k.startswith("param_")}
        for name in settings.keys() - wanted.keys():
            handle.query(f"SET {name} = DEFAULT")
        for name, value in wanted.items():
            if settings.get(name) != value:
                quoted = value.replace("\\", "\\\\").replace("'", "\\'")
                handle.query(f"SET {name} = '{quoted}'")
        local.handles[reads_only] = (handle, wanted)
        handle.query(f"USE {params.get('database') or 'default'}")
        return handle


def handler(engine: Engine) -> type[BaseHTTPRequestHandler]:
    """The requests of clickhouse-connect and of ClickHouse's Go client (`native_blocks`)."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            if urlsplit(self.path).path == "/ping":
                self._answer(200, b"Ok.\n")
            else:
                self._run(b"")

        def do_POST(self) -> None:
            self._run(self._body())

        def _body(self) -> bytes:
            if "chunked" in self.headers.get("Transfer-Encoding", ""):
                raw = b"".join(_chunks(self.rfile))
            else:
                raw = _whole(self.rfile, int(self.headers.get("Content-Length", 0)))
            return _decoded(raw, self.headers.get("Content-Encoding", ""))

        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):  # whoever asked has gone
                super().handle()

        def _run(self, body: bytes) -> None:
            params = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
            kind = self.headers.get("Content-Type", "")
            if kind.startswith("multipart/form-data"):
                message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
                parts = message.iter_parts()
                params |= {
                    p.get_param("name", header="content-disposition"): p.get_content().strip("\r\n")
                    for p in parts
                }
                body = b""
            query = params.get("query", "").encode()
            statement = query + (b"\n" + body if query and body else body)
            form = self.headers.get("X-ClickHouse-Format") or params.get("default_format") or "TabSeparated"
            try:
                result, form = engine.run(statement, params, form, self._user())
            except Exception as error:  # noqa: BLE001 - whatever the engine says, the client is told
                text = str(error)
                code = _CODE.search(text)
                text = text[text.find("Code:") :] if code else text
                self._answer(500, text.encode(), {"X-ClickHouse-Exception-Code": code[1] if code else "1002"})
                return
            self._answer(200, result, {"X-ClickHouse-Format": form} if form else {})

        def _user(self) -> str:
            scheme, _, given = self.headers.get("Authorization", "").partition(" ")
            named = base64.b64decode(given).decode().partition(":")[0] if scheme == "Basic" else ""
            return self.headers.get("X-ClickHouse-User", named)

        def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            summary = json.dumps({"read_rows": "0", "written_rows": "0"})
            for name, value in {
                "X-ClickHouse-Timezone": "UTC",
                "X-ClickHouse-Summary": summary,
                "Content-Type": "application/octet-stream",
                "Content-Length": str(len(body)),
                **(headers or {}),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while size := int(_line(file).split(b";")[0], 16):
        yield _whole(file, size)
        _line(file)
    _line(file)


def _whole(file: BinaryIO, size: int) -> bytes:
    """All of it: what a connection that was cut has carried is not run, as a server would not."""
    data = file.read(size)
    if len(data) < size:
        raise ConnectionAbortedError("the request ended before its body")
    return data


def _line(file: BinaryIO) -> bytes:
    line = file.readline()
    if not line.endswith(b"\n"):
        raise ConnectionAbortedError("the request ended before its body")
    return line


def _decoded(raw: bytes, encoding: str) -> bytes:
    if encoding == "lz4":
        import lz4.frame

        return lz4.frame.decompress(raw)
    if encoding == "zstd":
        import zstandard

        return zstandard.ZstdDecompressor().decompressobj().decompress(raw)
    if encoding == "gzip":
        import gzip

        return gzip.decompress(raw)
    return raw


class Front(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    folder, port = sys.argv[1:]
    Path(folder).mkdir(parents=True, exist_ok=True)
    front = Front(("127.0.0.1", int(port)), handler(Engine(folder)))
    print(f"listening {front.server_port}", flush=True)
    front.serve_forever()


if __name__ == "__main__":
    main()
