"""CloudEvents 1.0: the envelope around every event, in structured and binary mode.

What is read here is the envelope only; `domain.events.parse_data` reads what is inside.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote

import msgspec

from domain.errors import Fault, Invalid
from domain.events import EventData, parse_data
from domain.events.wire import read_instant
from domain.times import Ms

MAX_ID = 128
"""Characters of an event id."""
MAX_ATTRIBUTE = 1_024
"""Characters of any other attribute; in practice they are far shorter."""


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One event as its producer sent it, its attributes checked, its data not yet.

    time: the original text. ms: the same instant, UTC milliseconds, cut. siteid: None for the chain.
    version: of the type, from dataschema; 1 when absent. data: the JSON object as bytes.
    extensions: every other attribute as text: sequence, recordedtime, correlationid, causationid,
    traceparent, subject, dataschema and what the producer added.
    """

    id: str
    source: str
    type: str
    time: str
    ms: Ms
    siteid: str | None
    version: int
    data: msgspec.Raw
    extensions: dict[str, str]


def parse_event(event: CloudEvent) -> EventData:
    """The event's data, decoded, checked against its own time and upcast. Raises Invalid."""
    return parse_data(event.type, event.version, event.data, event.ms)


def parse_batch(raw: bytes) -> list[bytes]:
    """The items of a JSON array, or the one object, each still bytes. Raises Invalid not_an_object."""
    try:
        if raw.lstrip()[:1] == b"{":
            return [bytes(_RAW.decode(raw))]
        return [bytes(item) for item in _RAWS.decode(raw)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("not_an_object", "Expected a JSON object or an array of them") from error


def parse_lines(raw: bytes) -> list[bytes]:
    """The events of NDJSON, one a line; empty lines are skipped."""
    return [line for line in raw.replace(b"\r\n", b"\n").split(b"\n") if line.strip()]


class _Structured(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """The attributes that make up nearly every event; others take the slow path."""

    specversion: str | None = None
    id: str | None = None
    source: str | None = None
    type: str | None = None
    time: str | None = None
    siteid: str | None = None
    data: msgspec.Raw = msgspec.Raw()
    dataschema: str | None = None
    datacontenttype: str | None = None
    sequence: str | int | None = None
    recordedtime: str | None = None
    correlationid: str | None = None
    causationid: str | None = None
    traceparent: str | None = None
    subject: str | None = None


_FAST = msgspec.json.Decoder(_Structured)
_RAW = msgspec.json.Decoder(msgspec.Raw)
_RAWS = msgspec.json.Decoder(list[msgspec.Raw])
_ATTRIBUTES = msgspec.json.Decoder(dict[str, msgspec.Raw])
_OPTIONAL = (
    "dataschema",
    "sequence",
    "recordedtime",
    "correlationid",
    "causationid",
    "traceparent",
    "subject",
)
_CORE = frozenset(
    {"specversion", "id", "source", "type", "time", "siteid", "datacontenttype", "data", "data_base64"}
)
_NAME = re.compile(r"[a-z0-9]{1,64}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SCHEMA = re.compile(r"(?:^|[/#:])([^/#:]+)/v?([1-9]\d{0,8})/?$", re.ASCII)
_JSON_TYPE = re.compile(r"\s*[^\s;/]+/(?:[^\s;/]+\+)?json\s*(?:;.*)?$", re.IGNORECASE)


def from_structured(raw: bytes) -> CloudEvent:
    """One event in structured mode: a JSON object with its attributes and `data`. Raises Invalid."""
    _check_text(raw)
    try:
        fast = _FAST.decode(raw)
    except msgspec.ValidationError:
        return _from_attributes(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("not_an_object", "The event is not well-formed JSON") from error
    extensions: dict[str, str] = {}
    for name in _OPTIONAL:
        value = getattr(fast, name)
        if value is not None:
            extensions[name] = value if value.__class__ is str else str(value)
    return _event(
        fast.specversion,
        fast.id,
        fast.source,
        fast.type,
        fast.time,
        fast.siteid,
        fast.datacontenttype,
        fast.data,
        extensions,
    )


def from_binary(
    headers: Mapping[str, str] | Iterable[tuple[str, str]], body: bytes, prefix: str = "ce-"
) -> CloudEvent:
    """One event in binary mode: attributes in headers, `data` is the body. Raises Invalid.

    prefix: `ce-` for HTTP (values unquoted and percent-decoded), `ce_` for Kafka (values are plain UTF-8).
    """
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    attributes: dict[str, str] = {}
    content_type = None
    for name, value in pairs:
        lower = name.lower()
        if lower == "content-type":
            content_type = value
        elif lower.startswith(prefix):
            attributes[lower[len(prefix) :]] = _header_text(value) if prefix == "ce-" else value
    _check_text(body)
    for name in attributes:
        _check_name(name)
    return _event(
        attributes.get("specversion"),
        attributes.get("id"),
        attributes.get("source"),
        attributes.get("type"),
        attributes.get("time"),
        attributes.get("siteid"),
        content_type,
        msgspec.Raw(body),
        {name: value for name, value in attributes.items() if name not in _CORE},
    )


def _header_text(value: str) -> str:
    """An attribute out of an HTTP header: a quoted string's content (RFC 9110), then percent-decoded once."""
    if value[:1] == '"' and len(value) > 1 and value[-1] == '"':
        value = _ESCAPED.sub(r"\1", value[1:-1])
    return unquote(value)


_ESCAPED = re.compile(r"\\(.)")


def to_structured(event: CloudEvent) -> bytes:
    """The event as a JSON object; reading it back gives an equal event."""
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            **attributes_of(event),
            "datacontenttype": "application/json",
            "data": event.data,
        }
    )


def to_headers(event: CloudEvent, prefix: str = "ce-") -> dict[str, str]:
    """The attributes as headers of binary mode; the body is `event.data`. See from_binary for prefix."""
    named = {"specversion": "1.0", **attributes_of(event)}
    headers = {
        prefix + name: quote(value, safe=_SAFE) if prefix == "ce-" else value for name, value in named.items()
    }
    return {"content-type": "application/json", **headers}


_SAFE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')


def attributes_of(event: CloudEvent) -> dict[str, str]:
    """The attributes with their wire names, without specversion and datacontenttype."""
    named = {"id": event.id, "source": event.source, "type": event.type, "time": event.time}
    if event.siteid is not None:
        named["siteid"] = event.siteid
    if event.version != 1 and "dataschema" not in event.extensions:
        named["dataschema"] = f"/v1/schemas/{event.type.removeprefix('moments.')}/{event.version}"
    return {**named, **event.extensions}


def _from_attributes(raw: bytes) -> CloudEvent:
    """The slow path: extension attributes of the producer's own, or a fault that deserves its pointer."""
    try:
        members = _ATTRIBUTES.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("not_an_object", "Expected one JSON object") from error
    attributes: dict[str, str] = {}
    for name, member in members.items():
        if name in {"data", "data_base64"}:
            continue
        _check_name(name)
        value = msgspec.json.decode(member)
        if value is None:
            continue
        if isinstance(value, int) and name not in _CORE:
            value = str(value).lower() if isinstance(value, bool) else str(value)
        if not isinstance(value, str):
            raise Invalid("invalid_attribute", f"{name} must be text", "/" + name)
        attributes[name] = value
    return _event(
        attributes.get("specversion"),
        attributes.get("id"),
        attributes.get("source"),
        attributes.get("type"),
        attributes.get("time"),
        attributes.get("siteid"),
        attributes.get("datacontenttype"),
        _data_member(members),
        {name: value for name, value in attributes.items() if name not in _CORE},
    )


def _data_member(members: Mapping[str, msgspec.Raw]) -> msgspec.Raw:
    if "data_base64" not in members:
        return members.get("data", msgspec.Raw())
    try:
        decoded = base64.b64decode(msgspec.json.decode(members["data_base64"], type=str), validate=True)
    except (msgspec.ValidationError, binascii.Error, ValueError) as error:
        raise Invalid("invalid_data", "data_base64 is not base64", "/data_base64") from error
    _check_text(decoded)
    return msgspec.Raw(decoded)


def _event(
    specversion: str | None,
    id_: str | None,
    source: str | None,
    wire_type: str | None,
    time: str | None,
    siteid: str | None,
    content_type: str | None,
    data: msgspec.Raw,
    extensions: dict[str, str],
) -> CloudEvent:
    named = (id_, source, wire_type, time) if siteid is None else (id_, source, wire_type, time, siteid)
    if specversion != "1.0" or not all(named) or len(id_) > MAX_ID:  # type: ignore[arg-type]
        raise _attribute_fault(specversion, id_, source, wire_type, time, siteid)
    assert id_ is not None
    assert source is not None
    assert wire_type is not None
    assert time is not None
    text = f"{id_}{source}{wire_type}{siteid}"
    if len(text) > MAX_ATTRIBUTE or not text.isprintable():
        _check_values({"id": id_, "source": source, "type": wire_type, "siteid": siteid or ""})
    try:
        instant = read_instant(time)
    except Fault as fault:
        raise Invalid(fault.code, fault.detail, "/time") from fault
    if content_type is not None and content_type != "application/json" and not _JSON_TYPE.match(content_type):
        raise Invalid("invalid_attribute", "data must be JSON", "/datacontenttype")
    if bytes(memoryview(data)[:1]) != b"{":
        _check_object(data)
    version = 1
    if extensions:
        _check_values(extensions)
        schema = extensions.get("dataschema")
        version = 1 if schema is None else _version(schema, wire_type)
    return CloudEvent(
        id=id_,
        source=source,
        type=wire_type,
        time=time,
        ms=instant,
        siteid=siteid,
        version=version,
        data=data,
        extensions=extensions,
    )


def _attribute_fault(
    specversion: str | None,
    id_: str | None,
    source: str | None,
    wire_type: str | None,
    time: str | None,
    siteid: str | None,
) -> Invalid:
    """The first thing wrong with the required attributes, once something is."""
    required = {"specversion": specversion, "id": id_, "source": source, "type": wire_type, "time": time}
    for name, value in required.items():
        if value is None:
            return Invalid("missing_attribute", f"{name} is required", "/" + name)
    for name, value in {**required, "siteid": siteid}.items():
        if value == "":
            return Invalid("invalid_attribute", f"{name} is empty", "/" + name)
    if specversion != "1.0":
        return Invalid("invalid_attribute", "Only CloudEvents 1.0 is spoken here", "/specversion")
    return Invalid("id_too_long", f"An id has at most {MAX_ID} characters", "/id")


def _check_object(data: msgspec.Raw) -> None:
    view = bytes(data).lstrip(b" \t\r\n")
    if not view:
        raise Invalid("missing_attribute", "data is required", "/data")
    if not view.startswith(b"{"):
        raise Invalid("invalid_data", "data must be a JSON object", "/data")


def _check_values(attributes: Mapping[str, str]) -> None:
    for name, value in attributes.items():
        if len(value) > MAX_ATTRIBUTE:
            detail = f"{name} has more than {MAX_ATTRIBUTE} characters"
            raise Invalid("invalid_attribute", detail, "/" + name)
        if not value.isprintable() and _CONTROL.search(value):
            raise Invalid("invalid_attribute", f"{name} contains control characters", "/" + name)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise Invalid(
            "invalid_attribute",
            "Names of attributes are lower-case letters and digits",
            "/" + name[:64].replace("~", "~0").replace("/", "~1"),
        )


def _version(schema: str, wire_type: str) -> int:
    """The version a dataschema such as `https://…/promise.made/2` names."""
    match = _SCHEMA.search(schema)
    if match is None or match[1].removeprefix("moments.") != wire_type.removeprefix("moments."):
        raise Invalid("invalid_attribute", "dataschema must end with the type and /version", "/dataschema")
    return int(match[2])


def _check_text(raw: bytes) -> None:
    """Refuse what is no Unicode text: msgspec skips the inside of unknown fields without looking at it."""
    if not raw.isascii():
        try:
            raw.decode()
        except UnicodeDecodeError as error:
            raise Invalid("not_an_object", f"Not UTF-8 at byte {error.start}") from error
    if b"\\u" in raw and _SURROGATE.search(raw):
        _check_surrogates(raw)


_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def _check_surrogates(raw: bytes) -> None:
    """Half a surrogate pair is no text; ClickHouse would refuse to read the whole object for it."""
    try:
        msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("not_an_object", "The event is not well-formed JSON text") from error
