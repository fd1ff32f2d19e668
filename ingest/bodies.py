"""Request bodies: media type, content encoding, and cutting into single events. No HTTP framework in here."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, NoReturn

import msgspec
import zstandard

MAX_BODY_BYTES = 10 << 20
MAX_EVENTS = 10_000
ENCODINGS = ("gzip", "zstd")
MEDIA_TYPES = (
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
    "application/json",
    "application/x-ndjson",
)
BOM = b"\xef\xbb\xbf"

Shape = Literal["one", "array", "one_or_array", "lines", "binary"]
_SHAPES: dict[str, Shape] = {
    "application/cloudevents+json": "one",
    "application/cloudevents-batch+json": "array",
    "application/json": "one_or_array",
    "application/x-ndjson": "lines",
}
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_CHARSET = re.compile(r""";\s*charset\s*=\s*"?([^";\s]+)"?""", re.IGNORECASE)
_SPLIT = msgspec.json.Decoder(list[msgspec.Raw])


class BodyFault(Exception):
    """The request as a whole cannot be read. `status` is the HTTP status that says so: 400, 413 or 415."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Binary(NamedTuple):
    """An event in binary mode: its `ce-…` headers and content type, and its data."""

    headers: Sequence[tuple[str, str]]
    body: bytes


def shape_of(content_type: str | None, headers: Iterable[str]) -> Shape:
    """How the events lie in the body. BodyFault 415 for a media type or charset nobody speaks here."""
    text = content_type or ""
    media = text.partition(";")[0].strip().lower()
    charset = _CHARSET.search(text)
    if charset is not None and charset[1].lower() not in _CHARSETS:
        raise BodyFault(415, f"charset {charset[1]} is not understood; send UTF-8")
    if not media.startswith("application/cloudevents") and any(
        name.lower() == "ce-specversion" for name in headers
    ):
        if media and media != "application/json" and not media.endswith("+json"):
            raise BodyFault(415, f"data of media type {media} is not understood; send application/json")
        return "binary"
    shape = _SHAPES.get(media)
    if shape is None:
        named = media or "a body without Content-Type"
        raise BodyFault(
            415, f"{named} is not understood; send one of {', '.join(MEDIA_TYPES)} or ce-… headers"
        )
    return shape


def decoder_of(content_encoding: str | None) -> str | None:
    """The content encoding to undo, None for none. BodyFault 415 for one nobody speaks here."""
    named = (content_encoding or "").strip().lower()
    if named in {"", "identity"}:
        return None
    if named == "x-gzip":
        return "gzip"
    if named not in ENCODINGS:
        raise BodyFault(
            415, f"Content-Encoding {named} is not understood; send one of {', '.join(ENCODINGS)}"
        )
    return named


def expand(raw: bytes, encoding: str | None, limit: int = MAX_BODY_BYTES) -> bytes:
    """The body without its content encoding; never more than `limit` bytes are made. BodyFault 400 or 413."""
    if encoding is None:
        return raw
    return _gunzip(raw, limit) if encoding == "gzip" else _unzstd(raw, limit)


def split(raw: bytes, shape: Shape, headers: Iterable[tuple[str, str]] = ()) -> list[bytes | Binary]:
    """The single events of a body, each still to be judged.

    BodyFault 400 when it cannot be cut, 413 past 10,000.
    """
    raw = raw.removeprefix(BOM)
    if shape == "binary":
        kept = ((name, value) for name, value in headers if name.startswith("ce-") or name == "content-type")
        return [Binary([(name, _as_sent(value)) for name, value in kept], raw)]
    if not raw.strip():
        raise BodyFault(400, "the body is empty")
    if shape == "lines":
        items: list[bytes] = [line for line in raw.split(b"\n") if line and not line.isspace()]
        return _bounded(items)
    first = raw.lstrip()[:1]
    if first == b"[" and shape != "one":
        return _bounded(_split_array(raw))
    if first == b"{" and shape != "array":
        _check_json(raw)
        return [raw]
    expected = {"one": "one JSON object", "array": "a JSON array", "one_or_array": "a JSON object or array"}[
        shape
    ]
    raise BodyFault(400, f"the body is not {expected}")


def _as_sent(value: str) -> str:
    """A header's text, which the server has read as Latin-1: what is UTF-8 was meant as such."""
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def pack_binary(item: Binary) -> bytes:
    """A binary-mode event as bytes that `unpack_binary` reads again."""
    return msgspec.json.encode(item.headers) + b"\n" + item.body


def unpack_binary(raw: bytes) -> Binary:
    """What `pack_binary` made."""
    head, _, body = raw.partition(b"\n")
    return Binary(msgspec.json.decode(head, type=list[tuple[str, str]]), body)


def _bounded(items: Sequence[bytes]) -> list[bytes | Binary]:
    if len(items) > MAX_EVENTS:
        raise BodyFault(413, f"a request holds at most {MAX_EVENTS} events, not {len(items)}")
    return list(items)


def _split_array(raw: bytes) -> list[bytes]:
    try:
        return [bytes(item) for item in _SPLIT.decode(raw)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # msgspec judges a string's surrogates while cutting; one such event must not cost its neighbours.
        return _split_array_slowly(raw)


def _split_array_slowly(raw: bytes) -> list[bytes]:
    """For arrays that are JSON by its grammar (RFC 8259) though not by msgspec: lone surrogates."""
    try:
        text = raw.decode()
        decoder = json.JSONDecoder(parse_constant=_no_constant)
        at = _skip_space(text, text.index("[") + 1)
        items: list[bytes] = []
        while text[at] != "]" or items:
            _, end = decoder.raw_decode(text, at)
            items.append(text[at:end].encode())
            at = _skip_space(text, end)
            if text[at] == "]":
                break
            if text[at] != ",":
                raise ValueError("expected a comma")
            at = _skip_space(text, at + 1)
        if text[at + 1 :].strip():
            raise ValueError("text after the array")
    except (ValueError, IndexError, RecursionError) as error:
        raise BodyFault(400, "the body is not well-formed JSON") from error
    return items


_SPACE = re.compile(r"[ \t\r\n]*")


def _skip_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_WHOLE = msgspec.json.Decoder(msgspec.Raw)


def _check_json(raw: bytes) -> None:
    try:
        _WHOLE.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            json.loads(raw, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise BodyFault(400, "the body is not well-formed JSON") from error


def _gunzip(raw: bytes, limit: int) -> bytes:
    """All members of the stream, as RFC 1952 has it."""
    out = bytearray()
    try:
        while raw:
            member = zlib.decompressobj(wbits=31)
            out += member.decompress(raw, limit + 1 - len(out))
            if len(out) > limit:
                raise BodyFault(413, f"the body is larger than {limit >> 20} MiB")
            if not member.eof:
                raise BodyFault(400, "the gzip stream ends early")
            raw = member.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise BodyFault(400, "the body is not a gzip stream") from error
    return bytes(out)


_ZSTD_STEP = 512
"""Compressed bytes a step: the worst of them become 16 MiB (a block of 128 KiB in four bytes)."""


def _unzstd(raw: bytes, limit: int) -> bytes:
    """All frames of the stream.

    A reader over the whole would not tell a stream that ends early from one that ends.
    """
    # RFC 8878 asks for windows of 8 MiB and lets a receiver refuse larger ones.
    frames = zstandard.ZstdDecompressor(max_window_size=8 << 20)
    out = bytearray()
    frame = frames.decompressobj()
    fresh = True
    try:
        for start in range(0, len(raw), _ZSTD_STEP):
            part = raw[start : start + _ZSTD_STEP]
            while part:
                if frame.eof:
                    frame = frames.decompressobj()
                out += frame.decompress(part)
                if len(out) > limit:
                    raise BodyFault(413, f"the body is larger than {limit >> 20} MiB")
                part = frame.unused_data if frame.eof else b""
                fresh = False
    except zstandard.ZstdError as error:
        raise BodyFault(400, "the body is not a zstd stream") from error
    if fresh or not frame.eof:
        raise BodyFault(400, "the zstd stream ends early")
    return bytes(out)
