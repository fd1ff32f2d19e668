"""Grafana's ClickHouse data source as far as its server goes: the libraries it is made of, run on a chDB.

python -m tests.engines.grafana.data_source    builds it once, into the user's cache
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import math
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from grafana.build import HERE
from tests.engines.clickhouse_http import Engine, Front, handler
from tests.plugin import Field, Frame, TimeRange

SOURCES = Path(__file__).with_name("query_engine")
_BUILD_S = 1200
_ANSWER_S = 120
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INFINITE = {"NaN": math.nan, "Inf": math.inf, "NegInf": -math.inf}


class Unavailable(Exception):
    """Why there is no data source on this machine."""


class Refused(Exception):
    """What the data source answered instead of frames."""


@dataclass(frozen=True)
class Answer:
    """The frame of a query, the types of its fields, and the statement that was sent for it."""

    frame: Frame
    types: Sequence[str]
    statement: str
    notices: Sequence[str] = ()


def binary() -> Path:
    """The program, built once for all checkouts of the user that have the same sources."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "moments"
    text = b"".join(path.name.encode() + path.read_bytes() for path in sorted(SOURCES.iterdir()))
    program = base / f"query-engine-{hashlib.sha256(text).hexdigest()[:12]}"
    go = shutil.which("go")
    if go is None and not program.exists():
        raise Unavailable("the data source of Grafana is built with go (1.26 or later), which is not on PATH")
    base.mkdir(parents=True, exist_ok=True)
    with (base / "query-engine.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            part = program.with_suffix(".part")
            command = [
                "go",
                "build",
                "-p",
                "2",
                "-trimpath",
                "-buildvcs=false",
                "-ldflags=-s -w",
                "-o",
                str(part),
                ".",
            ]
            built = subprocess.run(
                command,
                cwd=SOURCES,
                env={**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "CGO_ENABLED": "0"},
                capture_output=True,
                text=True,
                timeout=_BUILD_S,
                check=False,
            )
            if built.returncode:
                raise Unavailable(f"go could not build the data source: {built.stderr.strip()[-300:]}")
            part.rename(program)
    return program


def provisioned(port: int) -> dict[str, Any]:
    """The committed data source over HTTP, with what stands in the environment put in."""
    text = (HERE / "provisioning/datasources/moments.yaml").read_text(encoding="utf-8")
    for name, value in {"HOST": "127.0.0.1", "USER": "boards_reader", "PASSWORD": "secret"}.items():
        text = text.replace(f"${{MOMENTS_CLICKHOUSE_{name}}}", value)
    (source,) = yaml.safe_load(text)["datasources"]
    source["jsonData"] |= {"protocol": "http", "port": port}
    return dict(source)


class DataSource:
    """A running data source over the chDB of a folder."""

    def __init__(self, program: Path, folder: str) -> None:
        self._front = Front(("127.0.0.1", 0), handler(Engine(folder)))
        threading.Thread(target=self._front.serve_forever, daemon=True).start()
        self._process = subprocess.Popen(
            [str(program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
        )
        self._send(provisioned(self._front.server_port))

    def close(self) -> None:
        try:
            self._process.communicate(timeout=10)
        finally:
            self._process.kill()
            self._front.shutdown()
            self._front.server_close()

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def ask(self, model: dict[str, Any], at: TimeRange, timezone: str = "") -> Answer:
        """One query, its variables put in, as Grafana's front end posts it to its server."""
        query = {"refId": "A", "intervalMs": at.interval_s * 1000, "maxDataPoints": 1000, **model}
        if timezone:
            query["meta"] = {"timezone": timezone}
        self._send({"from": str(at.from_ms), "to": str(at.to_ms), "queries": [query]})
        assert self._process.stdout is not None
        late = threading.Timer(_ANSWER_S, self._process.kill)
        late.start()
        line = self._process.stdout.readline()
        late.cancel()
        if not line:
            raise Refused("the data source has ended")
        result = json.loads(line)["results"][query["refId"]]
        if "error" in result:
            raise Refused(result["error"])
        if not result.get("frames"):
            return Answer(Frame([]), [], "")
        (frame,) = result["frames"]
        return read(frame)


def read(frame: dict[str, Any]) -> Answer:
    """A frame as it goes over the wire: fields beside their values, what JSON has no number for apart."""
    schema, data = frame["schema"], frame["data"]
    columns = data["values"]
    apart = data.get("entities") or [None] * len(columns)
    nanos = data.get("nanos") or [None] * len(columns)
    fields: list[Field] = []
    for field, column, odd, rest in zip(schema["fields"], columns, apart, nanos, strict=True):
        values = list(column)
        for name, places in (odd or {}).items():
            for place in places:
                values[place] = _INFINITE[name]
        if field["type"] == "time":
            values = [
                None if value is None else instant(value, rest[row] if rest else 0)
                for row, value in enumerate(values)
            ]
        fields.append((field["name"], field.get("labels") or {}, values))
    meta = schema.get("meta", {})
    return Answer(
        Frame(fields if any(values for _, _, values in fields) else []),
        [field["typeInfo"]["frame"] for field in schema["fields"]],
        meta.get("executedQueryString", ""),
        [notice["text"] for notice in meta.get("notices", [])],
    )


def instant(milliseconds: int, nanoseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds, microseconds=nanoseconds // 1000)


if __name__ == "__main__":
    try:
        print(binary())
    except Unavailable as why:
        sys.exit(str(why))
