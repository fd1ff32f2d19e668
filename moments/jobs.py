"""verify and rebuild: jobs of the running platform, asked for over the core's socket, or done alone when
none runs."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Annotated, Any, Literal

import httpx
import msgspec
from fastapi import APIRouter, Header
from starlette.responses import JSONResponse, Response, StreamingResponse

from ingest.assembly import clock_ms
from ingest.keys import Keys
from ingest.log.reader import FollowedLog
from moments import runfile
from moments.errors import CommandFailed
from moments.layout import Layout
from moments.log_reader import projected, reader_of
from moments.settings import Settings
from moments.supervise import FolderLock
from projections.audit import Audit, Report
from projections.feed import LogFeed
from projections.generations import Generations
from projections.projector import Projector
from projections.store import Store

Job = Literal["verify", "rebuild"]
Told = Callable[[str, int, int], None]

_PATIENCE_S = 5.0
_SHOWN = 1_000
"""Differences a report names; all are counted."""


class Outcome(msgspec.Struct):
    """What a job found: `differences` in all, `found` the first of them."""

    events: int
    exact: int
    differences: int
    found: list[str]
    switched_to: str = ""


class Jobs:
    """The jobs of one core, one at a time."""

    def __init__(
        self, store: Store, generations: Generations, projector: Projector, settings: Settings
    ) -> None:
        self._store = store
        self._generations = generations
        self._projector = projector
        self._settings = settings
        self._busy = threading.Lock()

    def run(self, job: Job, told: Told) -> Outcome:
        """Does the job and returns when it is done. Raises CommandFailed while another one runs."""
        if not self._busy.acquire(blocking=False):
            raise CommandFailed("another verify or rebuild is running")
        reader = reader_of(self._settings)
        try:
            self._catch_up(reader, told)
            audit = Audit(self._store, self._generations, self._projector, LogFeed(reader), clock_ms, told)
            return _outcome(audit.verify() if job == "verify" else audit.rebuild())
        finally:
            reader.close()
            self._busy.release()

    def _catch_up(self, reader: FollowedLog, told: Told) -> None:
        """Waits until the live generation holds what the log holds now: an event not there yet would go
        unjudged."""
        head = reader.last()
        while not self._projector.wait(reader.log_no, head, _PATIENCE_S):
            if self._projector.progress.failing:
                raise CommandFailed(
                    f"the projector does not follow the log: {self._projector.progress.failing}"
                )
            told("followed", self._projector.position().get(reader.log_no, 0), head)

    def routes(self, keys: Keys) -> APIRouter:
        """POST /internal/verify and /internal/rebuild: NDJSON, progress and at last the outcome.

        Reached over the core's socket only (the door passes nothing internal on), and with an admin key all
        the same.
        """
        router = APIRouter(prefix="/internal", include_in_schema=False)

        @router.post("/{job}")
        def start(job: Job, authorization: Annotated[str, Header()] = "") -> Response:
            scope = keys.check(authorization.removeprefix("Bearer "))
            if scope is None or not scope.is_admin or scope.is_limited:
                return JSONResponse({"title": "an admin key without limits is needed"}, 403)
            return StreamingResponse(self._lines(job), media_type="application/x-ndjson")

        return router

    def _lines(self, job: Job) -> Iterator[bytes]:
        """The job goes on in a thread of its own, also when nobody listens any more."""
        lines: SimpleQueue[dict[str, Any] | None] = SimpleQueue()

        def work() -> None:
            try:
                outcome = self.run(
                    job, lambda what, done, whole: lines.put({"what": what, "done": done, "whole": whole})
                )
                lines.put({"outcome": msgspec.to_builtins(outcome)})
            except Exception as error:  # noqa: BLE001 - whatever it is, the asker gets it as the last line
                text = str(error) if isinstance(error, CommandFailed) else f"{type(error).__name__}: {error}"
                lines.put({"failed": text})
            finally:
                lines.put(None)

        threading.Thread(target=work, name=job, daemon=True).start()
        while (line := lines.get()) is not None:
            yield json.dumps(line).encode() + b"\n"


def do(settings: Settings, job: Job, told: Told) -> Outcome:
    """The job, by the platform that runs on the data folder, or here when none does."""
    if settings.kafka_bootstrap is not None:
        from moments.server_jobs import do_on_server

        return _outcome(do_on_server(settings, job, told))
    running = runfile.read(settings.data)
    if running is not None:
        return _ask(running, job, told)
    with _alone(settings) as jobs:
        return jobs.run(job, told)


def _ask(running: runfile.RunFile, job: Job, told: Told) -> Outcome:
    transport = httpx.HTTPTransport(uds=running.core_socket)
    headers = {"Authorization": f"Bearer {running.token}"}
    try:
        with (
            httpx.Client(transport=transport, base_url="http://core", headers=headers, timeout=None) as http,  # noqa: S113
            http.stream("POST", f"/internal/{job}") as answer,
        ):
            if answer.is_error:
                answer.read()
                raise CommandFailed(f"the platform refuses: {answer.text}")
            for text in answer.iter_lines():
                line = json.loads(text)
                if "outcome" in line:
                    return msgspec.convert(line["outcome"], Outcome)
                if "failed" in line:
                    raise CommandFailed(line["failed"])
                told(line["what"], line["done"], line["whole"])
    except httpx.TransportError as gone:
        raise CommandFailed(f"the platform's core does not answer: {gone}") from gone
    raise CommandFailed("the platform ended before the job did")


@contextmanager
def _alone(settings: Settings) -> Iterator[Jobs]:
    """The store opened by this process, level with the log; nothing else may run on the folder meanwhile."""
    layout = Layout(settings.data)
    if settings.log_url is None and not layout.events.exists():
        raise CommandFailed(f"there is no log in {settings.data}")
    layout.make()
    lock = FolderLock(settings.data)
    store = Store(str(layout.clickhouse))
    try:
        reader = projected(settings)
    except CommandFailed:
        store.close()
        lock.release()
        raise
    try:
        generations = Generations(store)
        projector = Projector(store, LogFeed(reader), generation=generations.open(), clock=clock_ms)
        projector.prepare()
        projector.drain()
        yield Jobs(store, generations, projector, settings)
    finally:
        reader.close()
        store.close()
        lock.release()


def _outcome(report: Report) -> Outcome:
    return Outcome(report.events, report.exact, len(report.found), report.found[:_SHOWN], report.switched_to)
