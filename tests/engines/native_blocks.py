"""Native blocks of ClickHouse as a server sends them to a client that named its protocol.

chDB writes them as for a client of no version. A client that sends `client_protocol_version` also reads a
block's header before its columns and, from 54454 on, a byte before each column's values: whether it is kept
in a way of its own. The values are the engine's own bytes, passed on as they are.
"""

from __future__ import annotations

import re

CUSTOM_SERIALIZATION = 54454
"""The protocol from which every column says how it is kept."""

_BLOCK_INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"
"""Fields 1 (no overflow rows) and 2 (no bucket), and the end of fields."""

_WIDTHS = {
    "Nothing": 1, "Bool": 1, "Enum8": 1, "UInt8": 1, "Int8": 1,
    "Enum16": 2, "UInt16": 2, "Int16": 2, "Date": 2,
    "UInt32": 4, "Int32": 4, "Float32": 4, "Date32": 4, "DateTime": 4,
    "UInt64": 8, "Int64": 8, "Float64": 8, "DateTime64": 8, "UInt128": 16, "Int128": 16, "UUID": 16,
}  # fmt: skip
_DECIMAL = ((9, 4), (18, 8), (38, 16), (76, 32))
_TYPE = re.compile(r"(\w+)(?:\((.*)\))?$", re.DOTALL)


def for_client(blocks: bytes) -> bytes:
    """Blocks of no version as those of a protocol from 54454 on."""
    out, at = bytearray(), 0
    while at < len(blocks):
        columns, start = _number(blocks, at)
        rows, start = _number(blocks, start)
        out += _BLOCK_INFO + blocks[at:start]
        for _ in range(columns):
            _, kind_at = _text(blocks, start)
            kind, values_at = _text(blocks, kind_at)
            end = _end(blocks, _prefix_end(values_at, kind), kind, rows) if rows else values_at
            out += blocks[start:values_at] + b"\x00" + blocks[values_at:end]
            start = end
        at = start
    return bytes(out)


def _number(data: bytes, at: int) -> tuple[int, int]:
    found = shift = 0
    while True:
        found |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return found, at
        shift += 7


def _text(data: bytes, at: int) -> tuple[str, int]:
    length, at = _number(data, at)
    return data[at : at + length].decode(), at + length


def _parsed(kind: str) -> tuple[str, str]:
    found = _TYPE.match(kind)
    if found is None:
        raise ValueError(f"{kind} is no type that a board has")
    return found[1], found[2] or ""


def _prefix_end(at: int, kind: str) -> int:
    """Where values begin: a dictionary's version stands before all of them."""
    name, inner = _parsed(kind)
    if name in ("Array", "Nullable"):
        return _prefix_end(at, inner)
    return at + 8 if name == "LowCardinality" else at


def _end(data: bytes, at: int, kind: str, rows: int) -> int:
    name, inner = _parsed(kind)
    if name in _WIDTHS:
        return at + _WIDTHS[name] * rows
    match name:
        case "String":
            for _ in range(rows):
                length, at = _number(data, at)
                at += length
            return at
        case "FixedString":
            return at + int(inner) * rows
        case "Decimal":
            digits = int(inner.split(",")[0])
            return at + next(width for limit, width in _DECIMAL if digits <= limit) * rows
        case "Nullable":
            return _end(data, at + rows, inner, rows)
        case "Array":
            values = int.from_bytes(data[at + 8 * (rows - 1) : at + 8 * rows], "little") if rows else 0
            return _end(data, at + 8 * rows, inner, values)
        case "LowCardinality":
            return _dictionary_end(data, at, inner, rows)
        case _:
            raise ValueError(f"{kind} is no type that a board has")


def _dictionary_end(data: bytes, at: int, kind: str, rows: int) -> int:
    """Which width the indexes have, the block's own keys, the indexes."""
    if not rows:
        return at
    width = 1 << data[at]
    keys = int.from_bytes(data[at + 8 : at + 16], "little")
    name, inner = _parsed(kind)
    at = _end(data, at + 16, inner if name == "Nullable" else kind, keys)
    return at + 8 + width * rows
