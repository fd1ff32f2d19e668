"""The server mode put together: relay and projector as processes of their own."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar
from uuid import uuid4

import structlog
from prometheus_client import start_http_server

from ingest.assembly import clock_ms
from ingest.errors import LogInUse, LogUnwritable
from ingest.log.reader import FollowedLog
from ingest.relay.claim import RelayRefused
from ingest.relay.letters import LettersReader
from ingest.relay.place import Place, RelayInUse
from ingest.relay.relay import Relay
from ingest.relay.session import Line
from ingest.relay.topics import TopicsUnfit, Wanted, ensure
from ingest.relay.wire import Access, Topics
from ingest.vault import Vault
from moments.errors import CommandFailed
from moments.layout import Layout
from moments.log_reader import reader_of
from moments.process_status import LettersStatus, ProjectorStatus
from moments.samples import Samples, Status
from moments.settings import Settings
from projections import metrics
from projections.feed import Reassigned
from projections.generations import PUBLIC, Generations
from projections.kafka_feed import KafkaFeed
from projections.kafka_letters import KafkaLetters
from projections.projector import Projector
from projections.store import Store

_T = TypeVar("_T")

log = structlog.get_logger("moments.server")

_SHOW_EVERY_S = 5.0
_TURN_S = 5.0


def access_of(settings: Settings) -> Access:
    """How the brokers are reached. Raises CommandFailed without any."""
    if settings.kafka_bootstrap is None:
        raise CommandFailed("MOMENTS_KAFKA_BOOTSTRAP is not set: without brokers there is no server mode")
    return Access(
        settings.kafka_bootstrap,
        settings.kafka_user,
        settings.kafka_password.get_secret_value() if settings.kafka_password else None,
        settings.kafka_tls,
        str(settings.kafka_ca) if settings.kafka_ca else None,
    )


def topics_of(settings: Settings) -> Topics:
    """The topics' names."""
    return Topics(settings.kafka_prefix)


def wanted_of(settings: Settings) -> Wanted:
    """How missing topics are made."""
    return Wanted(settings.kafka_partitions, settings.kafka_replication)


def server_store(settings: Settings) -> Store:
    """The ClickHouse server. Raises CommandFailed without one."""
    if settings.clickhouse_url is None:
        raise CommandFailed(
            "MOMENTS_CLICKHOUSE_URL is not set: projectors and API meet at a ClickHouse server"
        )
    return Store(settings.clickhouse_url.get_secret_value())


def run_relay(settings: Settings, announce: Callable[[str], None]) -> None:
    """The log of the data folder to Kafka, until SIGTERM or SIGINT.

    Raises CommandFailed when another relay sends this log, or it must not be sent to this Kafka.
    """
    layout = Layout(settings.data)
    layout.make()
    access = access_of(settings)
    try:
        place = Place(layout.relay)
    except RelayInUse as taken:
        raise CommandFailed(str(taken)) from taken
    reader = reader_of(settings, alone=True)
    line = Line(
        reader,
        place,
        access,
        topics_of(settings),
        clock_ms,
        wanted=wanted_of(settings),
        letters=LettersReader(layout.dead_letters),
    )
    relay = Relay(line)
    on_signals(relay.stop)
    _show_metrics(settings)
    try:
        _take_turn(reader)
        announce(f"relaying from {place.row}")
        with _letters_sampled(settings, layout):
            relay.run()
    except RelayRefused as refused:
        raise CommandFailed(str(refused)) from refused
    finally:
        place.close()
        reader.close()


def _take_turn(reader: FollowedLog) -> None:
    """The server may still hold the turn of a relay that was killed a moment ago.

    Raises CommandFailed when another one lives.
    """
    deadline = time.monotonic() + _TURN_S
    while True:
        try:
            reader.last()
            return
        except LogUnwritable:
            return  # the relay waits for the log by itself
        except LogInUse as taken:
            if time.monotonic() > deadline:
                raise CommandFailed(str(taken)) from taken
            time.sleep(0.2)


@contextmanager
def _letters_sampled(settings: Settings, layout: Layout) -> Iterator[None]:
    """Dead letters among the samples of the line; a relay that is told of no ClickHouse leaves them out."""
    if settings.clickhouse_url is None:
        yield
        return
    store = server_store(settings)
    try:
        with _sampled(store, LettersStatus(layout)):
            yield
    finally:
        store.close()


@contextmanager
def _sampled(store: Store, status: Status) -> Iterator[None]:
    samples = Samples(store, status, PUBLIC, clock_ms)
    samples.start()
    try:
        yield
    finally:
        samples.stop()


def run_project(settings: Settings, announce: Callable[[str], None]) -> None:
    """A share of the topic's partitions to ClickHouse, until SIGTERM or SIGINT."""
    access, topics = access_of(settings), topics_of(settings)
    store = server_store(settings)
    layout = Layout(settings.data)
    layout.make()
    vault = Vault(layout.vault_folder)
    stopping = threading.Event()
    on_signals(stopping.set)
    _show_metrics(settings)
    letters = KafkaLetters(access, topics, vault.seal_letter)
    scratch = f"scratch_{uuid4().hex[:12]}"
    try:
        insist(stopping, partial(ensure, access, topics, wanted_of(settings)))
        generations = Generations(store)
        while not stopping.is_set():
            generation = insist(stopping, partial(generations.open, alone=False))
            if generation is None:
                return
            # Places of another generation are other places, so its projectors are another group.
            feed = KafkaFeed(
                access,
                topics,
                letters,
                group=f"{topics.prefix}-projectors-{generation}",
                session_s=settings.kafka_session_s,
            )
            projector = Projector(store, feed, generation=generation, clock=clock_ms, scratch=scratch)
            try:
                insist(stopping, projector.prepare)
                announce(f"projecting {generation}")
                status = ProjectorStatus(
                    partial(_behind, feed, projector),
                    first=partial(_owns_first, projector),
                    store=store,
                    generation=generation,
                    clock=clock_ms,
                )
                with _sampled(store, status):
                    _project(projector, status, stopping, partial(_replaced, generations, generation))
            finally:
                feed.close()
                _forget(store, scratch)
    finally:
        letters.close()
        vault.close()
        store.close()


def _behind(feed: KafkaFeed, projector: Projector) -> int:
    return feed.behind(projector.position())


def _owns_first(projector: Projector) -> bool:
    return 0 in projector.share.parts


def _project(
    projector: Projector, status: ProjectorStatus, stopping: threading.Event, replaced: Callable[[], bool]
) -> None:
    """Projects until the process is to stop, or a rebuild has made another generation the live one."""
    thread = threading.Thread(target=projector.run, name="projector", daemon=True)
    thread.start()
    shown = (0, 0, 0)
    while not stopping.wait(_SHOW_EVERY_S) and thread.is_alive() and not _asked(replaced):
        progress = projector.progress
        now = (progress.events, progress.flushes, progress.poison)
        counters = (metrics.events, metrics.flushes, metrics.poison)
        for counter, before, after in zip(counters, shown, now, strict=True):
            counter.inc(after - before)
        shown = now
        metrics.flush_seconds.set(progress.last_flush_s)
        metrics.partitions.set(len(projector.share.parts))
        metrics.as_of.set(projector.as_of / 1000)
        metrics.failing.set(bool(progress.failing))
        metrics.lag.set(status.look())
    projector.stop()
    thread.join()


def _replaced(generations: Generations, generation: str) -> bool:
    return generations.refresh() != generation


def _asked(replaced: Callable[[], bool]) -> bool:
    try:
        return replaced()
    except Exception as away:  # noqa: BLE001 - the store is away: the projector says so itself
        log.debug("store_away", reason=str(away))
        return False


def insist(stopping: threading.Event, attempt: Callable[[], _T]) -> _T | None:
    """Tries until it works: brokers and ClickHouse may come later than this process. None when stopped."""
    pause = 0.5
    while not stopping.is_set():
        try:
            return attempt()
        except Reassigned:
            continue
        except TopicsUnfit as unfit:
            raise CommandFailed(str(unfit)) from unfit
        except Exception as away:  # noqa: BLE001 - brokers' and stores' errors have no common root
            log.warning("waiting", reason=f"{type(away).__name__}: {away}", again_in_s=pause)
        stopping.wait(pause)
        pause = min(pause * 2, 10.0)
    return None


def _forget(store: Store, scratch: str) -> None:
    """Memory tables of a projector that ends; those of a killed one hold no more than a batch."""
    try:
        store.command("DROP DATABASE IF EXISTS $scratch SYNC", scratch=scratch)
    except Exception as away:  # noqa: BLE001 - the end of a process is no time to insist
        log.warning("scratch_left", scratch=scratch, reason=str(away))


def on_signals(stop: Callable[[], object]) -> None:
    """SIGTERM and SIGINT ask the process to end by itself."""
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop())


def _show_metrics(settings: Settings) -> None:
    if settings.metrics_port is not None:
        start_http_server(settings.metrics_port, addr=settings.host)
