"""What one row of the log holds."""

from __future__ import annotations

import msgspec

LOG_NO = 1
"""The number of a log that was given none; positions are `"<log>-<row>"`."""


class LogRecord(msgspec.Struct, gc=False):
    """A fact as accepted: the CloudEvent with personal fields replaced by surrogates, and how it came in.

    `ms` and `received` are UTC epoch milliseconds; `time` is the producer's own text; `site` is '' for a
    decision that holds for the chain; `data` are the JSON bytes as sent except for personal fields; `ext`
    holds the other CloudEvents attributes (sequence, recordedtime, correlationid, causationid, traceparent,
    …); `key` is the name of the API key that brought it.
    """

    id: str
    source: str
    type: str
    version: int
    time: str
    ms: int
    site: str
    data: msgspec.Raw
    ext: dict[str, str]
    received: int
    key: str


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(LogRecord)


def encode_record(record: LogRecord) -> bytes:
    """The record as the log stores it (`data` is embedded, not quoted)."""
    return _encoder.encode(record)


def decode_record(state: bytes) -> LogRecord:
    """The record as the log stored it."""
    return _decoder.decode(state)


def format_position(row: int, log_no: int = LOG_NO) -> str:
    """`"1-18342"`: the log's number and the row's."""
    return f"{log_no}-{row}"


def parse_position(text: str) -> tuple[int, int]:
    """(log number, row); ValueError when the text is no position."""
    log_no, dash, row = text.partition("-")
    if not dash or not (log_no.isascii() and log_no.isdigit() and row.isascii() and row.isdigit()):
        raise ValueError(f"{text!r} is not a position such as '1-18342'")
    return int(log_no), int(row)
