"""What every event type has in common: registration by definition, decoding, versions and upcasting.

A new event type is one class. A new version is a raised VERSION, the old shape kept under FORMS, and one
`upcast_vX_vY`; the events already in the log are never rewritten.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

import msgspec

from domain.errors import Fault, Invalid
from domain.events.wire import (
    ChannelCode,
    CustomerRef,
    DepartmentCode,
    EmployeeRef,
    Id,
    decode_custom,
    escape_pointer,
)
from domain.times import Ms

EVENT_TYPES: dict[str, type[EventData]] = {}
"""Every event type by its full wire name, filled by the definition of its class."""


class EventData(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, gc=False):
    """The `data` of one event, decoded and checked. Attribute names are the wire names (`from_` is `from`).

    Durations are whole seconds, timestamps UTC milliseconds, splits exact fractions, money `Money`.

    visit_id: the visit it belongs to.
    order_id: the order it belongs to.
    case_id: the service case it belongs to.
    customer_ref: pseudonym of the customer, never a name, phone or e-mail.
    employee_ref: pseudonym of the employee.
    department: the department concerned.
    channel: the channel through which the customer came.
    """

    TYPE: ClassVar[str] = ""
    VERSION: ClassVar[int] = 1
    DECISION: ClassVar[bool] = False
    ONE_OF: ClassVar[tuple[str, ...]] = ()
    """Fields of which at least one is required."""
    FORMS: ClassVar[Mapping[int, type[msgspec.Struct]]] = {}
    """The shapes of older versions, for decoding and for their JSON Schema."""

    visit_id: Id | None = None
    order_id: Id | None = None
    case_id: Id | None = None
    customer_ref: CustomerRef | None = None
    employee_ref: EmployeeRef | None = None
    department: DepartmentCode | None = None
    channel: ChannelCode | None = None

    def __init_subclass__(cls, **config: Any) -> None:
        super().__init_subclass__(**config)
        if cls.TYPE:
            EVENT_TYPES[cls.TYPE] = cls

    def check_one_of(self) -> None:
        """Fault when none of the fields of ONE_OF is given."""
        if all(getattr(self, name) is None for name in self.ONE_OF):
            raise Fault("invalid_data", f"Needs {' or '.join(self.ONE_OF)}", "/" + self.ONE_OF[0])

    def check_at(self, at: Ms) -> None:
        """Check what depends on the event's own time; Fault with a pointer relative to `data`."""


def is_decision(wire_type: str) -> bool:
    """Whether the type belongs to the area structure: a decision that goes through its aggregate."""
    cls = EVENT_TYPES.get(wire_type)
    return cls is not None and cls.DECISION


def parse_data(wire_type: str, version: int, raw: bytes | msgspec.Raw, at: Ms | None = None) -> EventData:
    """The data of an event as an instance of its type's newest version.

    `at`, the event's own time, adds the checks that need it (a promise due before it was made).
    Raises Invalid: unknown_type, unknown_version, invalid_data and the codes of single rules, each with a
    pointer that begins with /data.
    """
    decoder = _DECODERS.get((wire_type, version)) or _decoder(wire_type, version)
    try:
        data: EventData = decoder.decode(raw)
        if decoder.kind is not None:
            data = _upcast(decoder.kind, version, raw)
        if at is not None:
            data.check_at(at)
    except Fault as fault:
        raise Invalid(fault.code, fault.detail, "/data" + fault.pointer) from fault
    except msgspec.ValidationError as error:
        raise _invalid(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("invalid_data", "data is not well-formed JSON", "/data") from error
    return data


class _Decoder:
    """A prebuilt msgspec decoder; `kind` is the newest class when this one reads an older version."""

    __slots__ = ("decode", "kind")

    def __init__(self, form: type[msgspec.Struct], kind: type[EventData] | None) -> None:
        # Numbers of untyped places stay as written (Decimal), so that shares like 0.1 are exact.
        self.decode: Any = msgspec.json.Decoder(form, dec_hook=decode_custom, float_hook=Decimal).decode
        self.kind = kind


_DECODERS: dict[tuple[str, int], _Decoder] = {}
_UNTYPED = msgspec.json.Decoder(float_hook=Decimal)
_AS_WRITTEN = msgspec.json.Encoder(decimal_format="number")


def _decoder(wire_type: str, version: int) -> _Decoder:
    cls = EVENT_TYPES.get(wire_type)
    if cls is None:
        raise Invalid("unknown_type", f"No event type is called {wire_type[:200]!r}", "/type")
    form = cls if version == cls.VERSION else cls.FORMS.get(version)
    if form is None:
        raise Invalid(
            "unknown_version",
            f"{wire_type} has the versions 1 to {cls.VERSION}, not {version}",
            "/dataschema",
        )
    return _DECODERS.setdefault((wire_type, version), _Decoder(form, None if form is cls else cls))


def _upcast(cls: type[EventData], version: int, raw: bytes | msgspec.Raw) -> EventData:
    state = _UNTYPED.decode(raw)
    for older in range(version, cls.VERSION):
        state = getattr(cls, f"upcast_v{older}_v{older + 1}")(state)
    newest = _DECODERS.get((cls.TYPE, cls.VERSION)) or _decoder(cls.TYPE, cls.VERSION)
    data: EventData = newest.decode(_AS_WRITTEN.encode(state))
    return data


_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `(?P<key>key in )?\$?(?P<path>.*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_MISSING = re.compile(r"missing required field `([^`]+)`")


def _invalid(error: msgspec.ValidationError) -> Invalid:
    """msgspec's complaint, whose path looks like `$.stages[0].budget_s`, as code, detail and JSON pointer."""
    place = _PLACE.match(str(error))
    what, path = (place["what"], place["path"] or "") if place else (str(error), "")
    pointer = "/data" + "".join("/" + escape_pointer(name or index) for name, index in _STEP.findall(path))
    cause = error.__cause__
    if isinstance(cause, Fault):
        return Invalid(cause.code, cause.detail, pointer + cause.pointer)
    missing = _MISSING.search(what)
    if missing:
        pointer += "/" + escape_pointer(missing[1])
    return Invalid("invalid_data", what, pointer)
