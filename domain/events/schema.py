"""JSON Schema of every event type and version, made from the very classes that decode them."""

from __future__ import annotations

from typing import Any

import msgspec

from domain.errors import Invalid
from domain.events.base import EVENT_TYPES, EventData
from domain.events.docs import field_texts, summary
from domain.events.fields import fields_of
from domain.events.wire import describe_custom

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def short_name(wire_type: str) -> str:
    """`moments.promise.made` as `promise.made`."""
    return wire_type.removeprefix("moments.")


def versions_of(wire_type: str) -> list[int]:
    """The versions of a type that are accepted, ascending. Invalid unknown_type for any other name."""
    cls = _class(wire_type)
    return sorted({*cls.FORMS, cls.VERSION})


def json_schema(wire_type: str, version: int) -> dict[str, Any]:
    """The JSON Schema of `data`. The type with or without its prefix `moments.`.

    `x-personal` marks fields the vault replaces, `x-names` fields that name an entry of the dictionary.
    Raises Invalid unknown_type or unknown_version.
    """
    cls = _class(wire_type)
    form = cls if version == cls.VERSION else cls.FORMS.get(version)
    if form is None:
        raise Invalid("unknown_version", f"{cls.TYPE} has no version {version}", "/dataschema")
    generated = msgspec.json.schema(form, schema_hook=describe_custom)
    definitions: dict[str, Any] = generated.pop("$defs")
    schema: dict[str, Any] = definitions.pop(form.__name__)
    schema["title"] = short_name(cls.TYPE)
    schema["description"] = summary(cls)
    _annotate(schema, form)
    if cls.ONE_OF:
        schema["anyOf"] = [{"required": [name]} for name in cls.ONE_OF]
    return {
        "$schema": DIALECT,
        "$id": f"/v1/schemas/{short_name(cls.TYPE)}/{version}",
        **schema,
        **({"$defs": definitions} if definitions else {}),
    }


def _annotate(schema: dict[str, Any], form: type[msgspec.Struct]) -> None:
    texts = field_texts(form)
    for field in fields_of(form):
        described = schema["properties"][field.wire]
        if field.wire in texts:
            described["description"] = texts[field.wire]
        if field.personal:
            described["x-personal"] = field.personal
        if field.names:
            described["x-names"] = field.names


def _class(wire_type: str) -> type[EventData]:
    cls = EVENT_TYPES.get(wire_type) or EVENT_TYPES.get("moments." + wire_type)
    if cls is None:
        raise Invalid("unknown_type", f"No event type is called {wire_type[:200]!r}", "/type")
    return cls
