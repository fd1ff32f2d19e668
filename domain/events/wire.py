"""The kinds of value that events carry: how each is written on the wire, read, checked and described.

A reader of the code sees plain values (`Seconds` is an int, `Split` a dict of Fractions). At run time each
name is a small class that msgspec treats as a custom type: it calls `read` on the JSON value and keeps what
comes back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from domain.errors import Fault
from domain.times import EARLIEST, LATEST, format_rfc3339, parse_rfc3339

MAX_SECONDS = 1_000_000_000
"""The longest duration accepted, some 31 years: keeps sums of durations far inside 64 bits."""


@dataclass(frozen=True, slots=True)
class Personal:
    """Marks a field that the vault replaces before anything is written: whose it is, or a verbatim."""

    role: Literal["customer", "employee", "verbatim"]


@dataclass(frozen=True, slots=True)
class Names:
    """Marks a field that names an entry of the dictionary; an unregistered one makes the event wait."""

    kind: Literal["department", "channel", "moment"]


Id: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=20_000)]
DepartmentCode: TypeAlias = Annotated[Id, Names("department")]
ChannelCode: TypeAlias = Annotated[Id, Names("channel")]
MomentCode: TypeAlias = Annotated[Id, Names("moment")]
CustomerRef: TypeAlias = Annotated[Id, Personal("customer")]
EmployeeRef: TypeAlias = Annotated[Id, Personal("employee")]
Verbatim: TypeAlias = Annotated[Text, Personal("verbatim")]
NewCode: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^\S{1,64}$(?!\n)")]
Title: TypeAlias = str | dict[str, str]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class WireType(type):
    """Metaclass of custom types: msgspec asks `isinstance` of what `read` returned, a plain value."""

    plain: type

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.plain)


class _Seconds(metaclass=WireType):
    plain: ClassVar[type] = int
    schema: ClassVar[dict[str, Any]] = {
        "type": "number",
        "minimum": 0,
        "maximum": MAX_SECONDS,
        "description": "Seconds; a fraction is rounded to whole seconds, halves up.",
    }

    @staticmethod
    def read(value: Any) -> int:
        if type(value) is not int and not isinstance(value, Decimal):
            raise Fault("invalid_data", "Expected a number of seconds")
        if value < 0:
            raise Fault("negative_duration", "A duration cannot be negative")
        if value > MAX_SECONDS:
            raise Fault("invalid_data", f"A duration is at most {MAX_SECONDS} seconds")
        # Decimal's own rounding: an exponent in the millions or a million digits would choke exact fractions.
        return value if isinstance(value, int) else int(value.to_integral_value(ROUND_HALF_UP))

    @staticmethod
    def write(value: int) -> int:
        return value


class _Instant(metaclass=WireType):
    plain: ClassVar[type] = int
    schema: ClassVar[dict[str, Any]] = {
        "type": "string",
        "format": "date-time",
        "description": "RFC 3339 with offset; digits beyond the millisecond are cut.",
    }

    @staticmethod
    def read(value: Any) -> int:
        if type(value) is not str:
            raise Fault("invalid_time", "Expected an RFC 3339 date-time with an offset")
        return read_instant(value)

    @staticmethod
    def write(value: int) -> str:
        return format_rfc3339(value)


class _Ratio(metaclass=WireType):
    plain: ClassVar[type] = Fraction
    schema: ClassVar[dict[str, Any]] = {
        "type": ["number", "string"],
        "description": 'A number as written, or text such as "1/3".',
    }

    @staticmethod
    def read(value: Any) -> Fraction:
        return exact_ratio(value)

    @staticmethod
    def write(value: Fraction) -> str:
        return str(value)


class _Split(metaclass=WireType):
    plain: ClassVar[type] = dict
    schema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"type": ["number", "string"]},
        "description": 'Department to share; shares are numbers or text such as "1/3" and sum to exactly 1.',
    }

    @staticmethod
    def read(value: Any) -> dict[str, Fraction]:
        if type(value) is not dict:
            raise Fault("invalid_data", "Expected an object of department and share")
        split = {department: _share(department, share) for department, share in value.items()}
        if sum(split.values()) != 1:
            raise Fault("split_not_one", f"The shares sum to {sum(split.values())}, not to 1")
        return split

    @staticmethod
    def write(value: Mapping[str, Fraction]) -> dict[str, str]:
        return {department: str(share) for department, share in value.items()}


class _ZoneName(metaclass=WireType):
    plain: ClassVar[type] = str
    schema: ClassVar[dict[str, Any]] = {
        "type": "string",
        "description": "IANA time zone, such as Asia/Kolkata.",
    }

    @staticmethod
    def read(value: Any) -> str:
        if type(value) is not str or not zone_exists(value):
            raise Fault("invalid_data", "No such time zone; expected an IANA name such as Europe/Moscow")
        return value

    @staticmethod
    def write(value: str) -> str:
        return value


if TYPE_CHECKING:
    Seconds: TypeAlias = int
    Instant: TypeAlias = int
    Ratio: TypeAlias = Fraction
    Split: TypeAlias = Mapping[str, Fraction]
    ZoneName: TypeAlias = str
else:
    Seconds, Instant, Ratio, Split, ZoneName = _Seconds, _Instant, _Ratio, _Split, _ZoneName


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """An amount of 0 or more in one currency, on the wire `{"amount": "284.00", "currency": "RUB"}`."""

    amount: Decimal
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$(?!\n)")]

    def __post_init__(self) -> None:
        if not self.amount.is_finite() or abs(self.amount.adjusted()) > 15 or self.amount < 0:
            raise Fault("invalid_data", "Expected an amount of 0 or more, below 10^16", "/amount")


class DeclaredStage(msgspec.Struct, frozen=True, kw_only=True):
    """One stage of the plan behind a promise.

    stage: its name, unique within the promise. department: who owns it.
    budget_s: how long it may take. group: stages with the same group run in parallel and join.
    """

    stage: Id
    department: DepartmentCode
    budget_s: Seconds
    group: Id | None = None


if TYPE_CHECKING:
    Stages: TypeAlias = tuple[DeclaredStage, ...]
else:
    # null is the same as none: the class that has such a field puts () in its place.
    Stages = tuple[DeclaredStage, ...] | None


def check_stage_names(stages: tuple[DeclaredStage, ...]) -> None:
    """Fault duplicate_stage when two stages have one name (R3)."""
    if len({stage.stage for stage in stages}) == len(stages):
        return
    seen: set[str] = set()
    for index, stage in enumerate(stages):
        if stage.stage in seen:
            raise Fault("duplicate_stage", f"Two stages are called {stage.stage!r}", f"/stages/{index}/stage")
        seen.add(stage.stage)


def read_instant(text: str) -> int:
    """An instant that the platform can hold, in UTC milliseconds. Fault invalid_time otherwise."""
    try:
        instant = parse_rfc3339(text)
    except (ValueError, OverflowError) as error:
        raise Fault("invalid_time", "Expected an RFC 3339 date-time with an offset") from error
    if not EARLIEST <= instant < LATEST:
        raise Fault("invalid_time", "Times are accepted from 1970 to 2199")
    return instant


_RATIO = re.compile(r"-?\d{1,30}(?:\.\d{1,30}|/\d{1,30})?", re.ASCII)


def exact_ratio(value: Any) -> Fraction:
    """A JSON number as it was written (int or Decimal) or text such as "0.25" or "1/3". Fault otherwise."""
    if type(value) is int and abs(value) < 10**30:
        return Fraction(value)
    if (
        isinstance(value, Decimal)
        and value.is_finite()
        and abs(value.adjusted()) <= 30
        and len(str(value)) <= 64
    ):
        return Fraction(value)
    if type(value) is str and _RATIO.fullmatch(value):
        try:
            return Fraction(value)
        except ZeroDivisionError:
            pass
    raise Fault("invalid_data", 'Expected a number or text such as "1/3"')


def _share(department: str, value: Any) -> Fraction:
    pointer = "/" + escape_pointer(department)
    try:
        share = exact_ratio(value)
    except Fault as fault:
        raise Fault(fault.code, fault.detail, pointer) from fault
    if share < 0:
        raise Fault("invalid_data", "A share cannot be negative", pointer)
    return share


def escape_pointer(token: str) -> str:
    """One reference token of a JSON pointer (RFC 6901)."""
    return token.replace("~", "~0").replace("/", "~1")


@lru_cache(maxsize=1024)
def zone_exists(name: str) -> bool:
    """Whether the IANA time zone is known on this machine."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return False
    return True


def decode_custom(kind: type, value: Any) -> Any:
    """msgspec's `dec_hook`: reads one value of a wire type."""
    return kind.read(value)  # type: ignore[attr-defined]


def describe_custom(kind: type) -> dict[str, Any]:
    """msgspec's `schema_hook`: the JSON Schema of a wire type."""
    return dict(kind.schema)  # type: ignore[attr-defined]
