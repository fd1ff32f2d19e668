"""docs/events.md from the classes: `python -m domain.events.docs` prints it, a test holds it current."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from types import ModuleType

import msgspec

from domain.events.base import EventData
from domain.events.fields import Field, fields_of

_FIELD = re.compile(r"^([a-z_]+): (.+)$")
_HEAD = re.compile(r"^`moments\.[^`]+`: (.+)$", re.DOTALL)


def summary(cls: type[msgspec.Struct]) -> str:
    """The first paragraph of the class's docstring, without its wire name, as one line."""
    text = (inspect.getdoc(cls) or "").split("\n\n")[0].replace("\n", " ")
    head = _HEAD.match(text)
    return head[1] if head else text


def field_texts(cls: type[msgspec.Struct]) -> dict[str, str]:
    """Wire name to the line that documents it: the class's own, else that of a class it derives from."""
    texts: dict[str, str] = {}
    for ancestor in reversed(cls.__mro__):
        if issubclass(ancestor, msgspec.Struct):
            texts |= _own_texts(ancestor)
    return texts


def events_markdown() -> str:
    """The whole page."""
    from domain.events import AREAS

    lines = [*_HEADER, *(_row(field, field_texts(EventData)) for field in fields_of(EventData)), ""]
    for area, module in AREAS.items():
        lines += [f"## {area}", "", inspect.getdoc(module) or "", ""]
        for cls in types_of(module):
            lines += _section(cls)
    return "\n".join(lines).rstrip() + "\n"


def types_of(module: ModuleType) -> Iterator[type[EventData]]:
    """The event types a module defines, in its order."""
    for value in vars(module).values():
        is_type = isinstance(value, type) and issubclass(value, EventData) and value.TYPE
        if is_type and value.__module__ == module.__name__:
            yield value


_HEADER = (
    "# Events",
    "",
    "Written by `python -m domain.events.docs > docs/events.md` from the classes in `domain/events/`.",
    "The envelope is CloudEvents 1.0; what follows is `data`. Unknown fields are kept and never an error;",
    "an optional field may be null. `GET /v1/schemas/{type}/{version}` has the JSON Schema of every version.",
    "",
    "- seconds: a number of 0 or more; a fraction is rounded to whole seconds, halves up.",
    "- date-time: RFC 3339 with an offset; digits beyond the millisecond are cut.",
    '- money: `{"amount": "284.00", "currency": "RUB"}`.',
    "- split: an object of department and share, numbers or text such as `1/3`, with the sum exactly 1.",
    "- customer, employee, verbatim: personal; replaced by a surrogate or encrypted before it is stored.",
    "- department, channel, moment: a code of the dictionary; an event naming an unknown one waits for it.",
    "",
    "## Fields that every event may carry",
    "",
    "| field | kind | |",
    "|---|---|---|",
)


def _section(cls: type[EventData]) -> Iterator[str]:
    yield f"### {cls.TYPE}"
    yield ""
    version = f" Version {cls.VERSION}." if cls.VERSION > 1 else ""
    yield summary(cls)[:1].upper() + summary(cls)[1:] + version
    yield ""
    texts = field_texts(cls)
    common = {field.wire for field in fields_of(EventData)}
    own = _own_texts(cls)
    fields = [field for field in fields_of(cls) if field.wire not in common or field.wire in own]
    if fields:
        yield from ("| field | kind | |", "|---|---|---|")
        required = {field.encode_name for field in msgspec.structs.fields(cls) if field.required}
        yield from (_row(field, texts, required=field.wire in required) for field in fields)
        yield ""


def _row(field: Field, texts: dict[str, str], *, required: bool = False) -> str:
    mark = "" if required else "?"
    return f"| `{field.wire}`{mark} | {_kind(field)} | {texts.get(field.wire, '')} |"


def _kind(field: Field) -> str:
    if field.personal:
        return field.personal
    if field.names:
        return field.names
    if field.kind is not None:
        name = _KINDS.get(field.kind.__name__, field.kind.__name__)
        return f"list of {name}" if field.many else name
    return field.plain


_KINDS = {
    "_Seconds": "seconds",
    "_Instant": "date-time",
    "_Ratio": "number or text",
    "_Split": "split",
    "_ZoneName": "time zone",
    "Money": "money",
    "DeclaredStage": "stage",
    "MysteryItem": "item",
}


def _own_texts(cls: type) -> dict[str, str]:
    texts: dict[str, str] = {}
    name = None
    for line in inspect.cleandoc(cls.__doc__ or "").split("\n")[1:]:
        found = _FIELD.match(line)
        if found:
            name = found[1]
            texts[name] = found[2]
        elif name and line.strip():
            texts[name] += " " + line.strip()
        else:
            name = None
    return texts


if __name__ == "__main__":
    sys.stdout.write(events_markdown())
