"""Which log a site belongs to, where several logs meet on one Kafka.

Every registration of a site stands on `moments.decisions`, stamped with its log: the first one decides, since
all read that topic in one order. A door follows it and refuses a site of another log (`wrong_door`). While
the broker is away, or before it was ever reached, a door knows what it knew: a site that nobody else is known
to have is its own to take.
"""

from __future__ import annotations

import threading
from contextlib import closing
from typing import Any, Final

import structlog
from kafka import KafkaConsumer, TopicPartition

from domain.errors import Invalid
from ingest.judge import REGISTERS_SITE
from ingest.relay.wire import Access, Topics, stamp_of

log = structlog.get_logger("ingest.owners")

_READING: Final[dict[str, Any]] = {
    "auto_offset_reset": "earliest",
    "enable_auto_commit": False,
    "isolation_level": "read_committed",
    "allow_auto_create_topics": False,
    "max_poll_records": 5_000,
}
_POLL_MS: Final = 500
_PAUSE_S: Final = 2.0


class SiteOwners:
    """The owners of sites, followed in a thread of its own."""

    def __init__(self, access: Access, topics: Topics) -> None:
        self._access = access
        self._topic = topics.decisions
        self._owners: dict[str, int] = {}
        self._log_no = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="site-owners", daemon=True)

    def serves(self, site: str) -> bool:
        """Whether the site is this log's, or nobody's yet."""
        return self._owners.get(site, self._log_no) == self._log_no

    def start(self, log_no: int) -> None:
        """Begins to follow, as a door of this log."""
        self._log_no = log_no
        self._thread.start()

    def stop(self) -> None:
        """Ends within a second or two."""
        self._stopping.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with closing(KafkaConsumer(**{**_READING, **self._access.client()})) as consumer:
                    # From the beginning: a first registration stays the first however often it is read.
                    consumer.assign([TopicPartition(self._topic, 0)])
                    while not self._stopping.is_set():
                        for records in consumer.poll(timeout_ms=_POLL_MS).values():
                            for record in records:
                                self._take(record.headers)
            except Exception as away:  # noqa: BLE001 - the door takes events whatever its broker does
                log.warning("owners_wait", reason=f"{type(away).__name__}: {away}")
                self._stopping.wait(_PAUSE_S)

    def _take(self, headers: Any) -> None:
        named = {name: raw or b"" for name, raw in headers}
        if named.get("ce_type") != REGISTERS_SITE.encode():
            return
        try:
            stamp = stamp_of(named)
        except Invalid:
            return  # no relay wrote it
        site = named.get("ce_siteid", b"").decode(errors="replace")
        first = self._owners.setdefault(site, stamp.log_no)
        if first != stamp.log_no and stamp.log_no == self._log_no:
            log.warning("site_belongs_to_another_log", site=site, log=first)
