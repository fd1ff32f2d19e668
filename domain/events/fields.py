"""What the annotations of an event type say about its fields: personal data, names of the dictionary, wire
form.

Nothing here knows a single type: marking a field where it is declared is all that a new type needs.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec

from domain.events.base import EventData
from domain.events.wire import Money, Names, Personal, Split, WireType, escape_pointer


class Reference(NamedTuple):
    """A code of the dictionary that an event names. kind: department, channel or moment."""

    kind: str
    pointer: str
    code: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an event type, read from its annotation. `kind` is a WireType, a Struct, or None for plain
    JSON.
    """

    attribute: str
    wire: str
    personal: str | None
    names: str | None
    kind: type | None
    many: bool
    plain: str
    """What the documentation calls plain JSON: text, number, list of text, the words allowed."""


@cache
def fields_of(cls: type[msgspec.Struct]) -> tuple[Field, ...]:
    """The fields of an event type or of a struct inside one, in the order of the wire contract."""
    hints = get_type_hints(cls, include_extras=True)
    return tuple(
        _field(attribute, wire, hints[attribute])
        for attribute, wire in zip(cls.__struct_fields__, cls.__struct_encode_fields__, strict=True)
    )


def personal_fields(cls: type[EventData]) -> dict[str, str]:
    """Wire name to role (customer, employee, verbatim) of every field the vault has to replace."""
    return {field.wire: field.personal for field in fields_of(cls) if field.personal is not None}


def references(data: EventData) -> list[Reference]:
    """Every code of the dictionary that the event names, with its JSON pointer."""
    found: list[Reference] = []
    plan = _plan(data.__class__)
    for kind, attribute, pointer in plan.codes:
        code = getattr(data, attribute)
        if code is not None:
            found.append(Reference(kind, pointer, code))
    for attribute, pointer in plan.splits:
        found += [
            Reference("department", f"{pointer}/{escape_pointer(code)}", code)
            for code in getattr(data, attribute) or ()
        ]
    for attribute, pointer, codes in plan.lists:
        for index, item in enumerate(getattr(data, attribute) or ()):
            found += [
                Reference(kind, f"{pointer}/{index}/{name}", getattr(item, inner))
                for kind, inner, name in codes
            ]
    return found


def departments_named(data: EventData) -> Iterator[tuple[str, str]]:
    """JSON pointer and code of every department the event names."""
    return ((found.pointer, found.code) for found in references(data) if found.kind == "department")


def channels_named(data: EventData) -> Iterator[tuple[str, str]]:
    """JSON pointer and code of every channel the event names."""
    return ((found.pointer, found.code) for found in references(data) if found.kind == "channel")


def moments_named(data: EventData) -> Iterator[tuple[str, str]]:
    """JSON pointer and code of every moment type the event names."""
    return ((found.pointer, found.code) for found in references(data) if found.kind == "moment")


def to_wire(data: msgspec.Struct) -> dict[str, Any]:
    """The data in the newest version's wire form, as plain JSON values; reading it back gives an equal
    instance.
    """
    wire: dict[str, Any] = {}
    for attribute, name, write, default in _writers(data.__class__):
        value = getattr(data, attribute)
        if value != default:
            wire[name] = value if write is None else write(value)
    return wire


def to_wire_json(data: EventData) -> bytes:
    """`to_wire` as JSON bytes."""
    return msgspec.json.encode(to_wire(data))


@dataclass(frozen=True, slots=True)
class _Plan:
    codes: tuple[tuple[str, str, str], ...]
    splits: tuple[tuple[str, str], ...]
    lists: tuple[tuple[str, str, tuple[tuple[str, str, str], ...]], ...]


@cache
def _plan(cls: type[EventData]) -> _Plan:
    fields = fields_of(cls)
    return _Plan(
        codes=tuple((f.names, f.attribute, "/data/" + f.wire) for f in fields if f.names),
        splits=tuple((f.attribute, "/data/" + f.wire) for f in fields if f.kind is Split),
        lists=tuple(
            (f.attribute, "/data/" + f.wire, tuple((i.names, i.attribute, i.wire) for i in inner if i.names))
            for f in fields
            if f.many and f.kind is not None and (inner := fields_of(f.kind))
        ),
    )


@cache
def _writers(cls: type[msgspec.Struct]) -> tuple[tuple[str, str, Callable[[Any], Any] | None, Any], ...]:
    defaults = {field.name: field.default for field in msgspec.structs.fields(cls)}
    return tuple((f.attribute, f.wire, _writer(f), defaults[f.attribute]) for f in fields_of(cls))


def _writer(field: Field) -> Callable[[Any], Any] | None:
    if field.kind is None:
        return None
    if isinstance(field.kind, WireType):
        write: Callable[[Any], Any] = field.kind.write  # type: ignore[attr-defined]
        return write
    if field.many:
        return lambda items: [to_wire(item) for item in items]
    if field.kind is Money:
        return lambda money: {"amount": format(money.amount, "f"), "currency": money.currency}
    return to_wire


def _field(attribute: str, wire: str, hint: Any) -> Field:
    marks: list[Any] = []
    many = False
    while True:
        origin = get_origin(hint)
        if hasattr(hint, "__metadata__"):
            marks.extend(hint.__metadata__)
            hint = hint.__origin__
        elif (
            origin in {Union, types.UnionType}
            and len(inner := [a for a in get_args(hint) if a is not type(None)]) == 1
        ):
            hint = inner[0]
        elif origin is tuple:
            many = True
            hint = get_args(hint)[0]
        else:
            break
    structured = isinstance(hint, type) and (isinstance(hint, WireType) or issubclass(hint, msgspec.Struct))
    return Field(
        attribute=attribute,
        wire=wire,
        personal=next((mark.role for mark in marks if isinstance(mark, Personal)), None),
        names=next((mark.kind for mark in marks if isinstance(mark, Names)), None),
        kind=hint if structured else None,
        many=many and structured,
        plain="" if structured else ("list of " if many else "") + _describe(hint),
    )


def _describe(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(hint))
    if get_origin(hint) in {Union, types.UnionType}:
        return " or ".join(_describe(inner) for inner in get_args(hint) if inner is not type(None))
    return _PLAIN.get(get_origin(hint) or hint, "any JSON")


_PLAIN: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    date: "date",
    list: "list",
    dict: "object",
}
