"""Messages on Kafka: CloudEvents in binary mode, with headers of the line's own beside the `ce_` ones.

Every message of `moments.events` and `moments.decisions` carries `moments_log` and `moments_row`, its
position in the log it comes from; messages of one log stand on a partition in the order of their rows
(a relay that was killed repeats some, never leaves one out). `moments_decided` is the row of the log's last
decision before the event: whoever reads it finds that decision on `moments.decisions` already. A heartbeat
says that every event of the log up to its row that belongs on the partition stands before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import msgspec

from domain.cloudevents import from_binary
from domain.errors import Invalid
from ingest.log.record import LogRecord
from ingest.relay.portable import time_of, uri_of

LOG: Final = "moments_log"
ROW: Final = "moments_row"
RECEIVED: Final = "moments_received"
KEY: Final = "moments_key"
DECIDED: Final = "moments_decided"
REASON: Final = "moments_reason"
SOURCE: Final = "moments_source"
"""The source as its producer wrote it, where `ce_source` had to be made a URI reference of it."""
HEARTBEAT: Final = "moments.line.heartbeat"
"""The type of a heartbeat: a well-formed CloudEvent, so that no foreign reader stumbles over it."""

MAX_MESSAGE_BYTES: Final = 16 << 20
"""A request to the door may have 10 MiB, and so may one event; headers and a zone for growth come on top."""

Headers = list[tuple[str, bytes]]


@dataclass(frozen=True)
class Topics:
    """The names on the broker; another prefix keeps installations on one broker apart."""

    prefix: str = "moments"

    @property
    def events(self) -> str:
        return f"{self.prefix}.events"

    @property
    def decisions(self) -> str:
        return f"{self.prefix}.decisions"

    @property
    def dead_letters(self) -> str:
        return f"{self.prefix}.dead-letters"

    @property
    def logs(self) -> str:
        """Which log has which number: see `claim`."""
        return f"{self.prefix}.logs"

    @property
    def inbox(self) -> str:
        """Where producers on a trusted broker write; `<inbox>.<name>` is the topic of one producer."""
        return f"{self.prefix}.inbox"


@dataclass(frozen=True)
class Access:
    """How to reach the brokers. `user`, `password`: SASL SCRAM-SHA-512; `ca`: certificates to trust."""

    bootstrap: str
    user: str | None = None
    password: str | None = None
    tls: bool = False
    ca: str | None = None

    def client(self) -> dict[str, Any]:
        """What every kafka-python client is made with."""
        given: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap.split(","),
            "reconnect_backoff_max_ms": 2_000,  # the default of 30 s would be waited after every long outage
            "metadata_max_age_ms": 30_000,  # added partitions are noticed within this time
            "bootstrap_timeout_ms": 5_000,
        }
        if self.user is not None:
            given |= {
                "sasl_mechanism": "SCRAM-SHA-512",
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password or "",
            }
        secure = self.tls or self.ca is not None
        given["security_protocol"] = ("SASL_" if self.user else "") + ("SSL" if secure else "PLAINTEXT")
        if self.ca is not None:
            given["ssl_cafile"] = self.ca
        return given


class Stamp(NamedTuple):
    """Where a message comes from: log and row, and the last decision of that log before it (0: none)."""

    log_no: int
    row: int
    decided: int = 0


class Message(NamedTuple):
    """A message read back: its stamp, and the record as the log holds it."""

    stamp: Stamp
    record: LogRecord


def headers_of(record: LogRecord, stamp: Stamp) -> Headers:
    """The headers of a fact; its value is `record.data`."""
    source = uri_of(record.source)
    headers = [
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_id", record.id.encode()),
        ("ce_source", source.encode()),
        ("ce_type", record.type.encode()),
        ("ce_time", time_of(record.time, record.ms).encode()),
    ]
    if source != record.source:
        headers.append((SOURCE, record.source.encode()))
    if record.site:
        headers.append(("ce_siteid", record.site.encode()))
    if record.version != 1 and "dataschema" not in record.ext:
        schema = f"/v1/schemas/{record.type.removeprefix('moments.')}/{record.version}"
        headers.append(("ce_dataschema", schema.encode()))
    headers += [("ce_" + name, value.encode()) for name, value in record.ext.items()]
    headers += (
        (LOG, b"%d" % stamp.log_no),
        (ROW, b"%d" % stamp.row),
        (RECEIVED, b"%d" % record.received),
        (KEY, record.key.encode()),
        (DECIDED, b"%d" % stamp.decided),
    )
    return headers


def heartbeat(log_no: int, row: int, time: str) -> tuple[bytes, Headers]:
    """(value, headers) of a heartbeat."""
    named = {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": f"{log_no}-{row}",
        "ce_source": f"/logs/{log_no}",
        "ce_type": HEARTBEAT,
        "ce_time": time,
        LOG: str(log_no),
        ROW: str(row),
    }
    value = msgspec.json.encode({"log": log_no, "row": row})
    return value, [(name, text.encode()) for name, text in named.items()]


def stamp_of(headers: Mapping[str, bytes]) -> Stamp:
    """The stamp of a message. Raises Invalid: it does not come from a relay."""
    try:
        stamp = Stamp(int(headers[LOG]), int(headers[ROW]), int(headers.get(DECIDED, b"0")))
    except (KeyError, ValueError) as error:
        raise Invalid("missing_attribute", "no relay stamped this message with log and row") from error
    if not (0 < stamp.log_no < 1 << 32 and 0 < stamp.row < 1 << 63 and 0 <= stamp.decided < 1 << 63):
        raise Invalid("invalid_attribute", "the stamp is no position of a log")
    return stamp


def message_of(headers: Sequence[tuple[str, bytes | None]], value: bytes | None) -> Message | Stamp:
    """A message of `moments.events` or `moments.decisions` read back; a bare stamp for a heartbeat.

    Raises Invalid when it is neither: whoever wrote it was no relay.
    """
    try:
        named = {name: raw or b"" for name, raw in headers}
        stamp = stamp_of(named)
        if named.get("ce_type") == HEARTBEAT.encode():
            return stamp
        texts = [(name, raw.decode()) for name, raw in named.items() if not name.startswith("moments_")]
        event = from_binary(texts, value or b"", "ce_")
        received, key = int(named[RECEIVED]), named.get(KEY, b"").decode()
        source = named[SOURCE].decode() if SOURCE in named else event.source
    except (KeyError, ValueError) as error:  # UnicodeDecodeError is one
        raise Invalid("invalid_attribute", "headers of a relay are damaged") from error
    return Message(
        stamp,
        LogRecord(
            event.id,
            source,
            event.type,
            event.version,
            event.time,
            event.ms,
            event.siteid or "",
            event.data,
            event.extensions,
            received,
            key,
        ),
    )
