"""What can be wrong with an event, as codes that producers, dead letters and `GET /v1/errors` share.

* Exception
  * Invalid            the event cannot be accepted: code, detail, JSON pointer
    - DecisionRefused  a well-formed decision that breaks a rule of its aggregate
  * ValueError
    - Fault            the same, raised by one field that does not know where in the event it stands
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One entry of the catalogue of refusals.

    title: what happened, one line. cure: what the producer can do.
    waits: the event is well formed and is taken in by itself once the missing code is registered.
    """

    code: str
    title: str
    cure: str
    waits: bool = False


class Invalid(Exception):
    """An event that cannot be accepted. `pointer` is a JSON pointer (RFC 6901) into the CloudEvent."""

    def __init__(self, code: str, detail: str, pointer: str = "") -> None:
        super().__init__(code, detail, pointer)
        self.code = code
        self.detail = detail
        self.pointer = pointer

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}" + (f" (at {self.pointer})" if self.pointer else "")


class DecisionRefused(Invalid):
    """A decision that an aggregate refuses; the code is `rule_violated` unless a more exact one exists."""

    def __init__(self, detail: str, pointer: str = "", code: str = "rule_violated") -> None:
        super().__init__(code, detail, pointer)


class Fault(ValueError):
    """A value of one field is wrong; `pointer` is relative to that field.

    A ValueError, because that is what msgspec lets through from a hook or a `__post_init__`, adding the path.
    """

    def __init__(self, code: str, detail: str, pointer: str = "") -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.pointer = pointer


ERRORS: dict[str, ErrorCode] = {
    entry.code: entry
    for entry in (
        ErrorCode(
            "not_an_object", "The event is not a JSON object", "Send one JSON object in UTF-8 per event."
        ),
        ErrorCode(
            "missing_attribute", "A CloudEvents attribute is missing", "Add the attribute the pointer names."
        ),
        ErrorCode(
            "invalid_attribute",
            "A CloudEvents attribute is malformed",
            "Correct the attribute the pointer names; see CloudEvents 1.0 and docs/events.md.",
        ),
        ErrorCode(
            "id_too_long", "The id is longer than 128 characters", "Mint shorter ids; a UUIDv7 has 36."
        ),
        ErrorCode("unknown_type", "No event type has this name", "Use a type of docs/events.md."),
        ErrorCode(
            "unknown_version",
            "The version in dataschema does not exist for this type",
            "Send a version of GET /v1/schemas/{type}/{version}, or leave dataschema out for version 1.",
        ),
        ErrorCode(
            "invalid_data", "A field of data is missing or malformed", "Correct the field the pointer names."
        ),
        ErrorCode("negative_duration", "A duration is negative", "Send durations of 0 seconds or more."),
        ErrorCode(
            "due_before_made", "The promise is due before it was made", "Correct due_at or the event's time."
        ),
        ErrorCode(
            "duplicate_stage", "Two stages have the same name", "Name every stage of a promise differently."
        ),
        ErrorCode(
            "split_not_one", "The shares do not sum to exactly 1", 'Correct the shares; "1/3" is allowed.'
        ),
        ErrorCode(
            "invalid_time",
            "A time is not RFC 3339 with an offset",
            "Send times like 2026-11-02T08:30:00+03:00.",
        ),
        ErrorCode(
            "too_old",
            "The event is more than 35 days old",
            "Import it with an admin key: moments emit --import.",
        ),
        ErrorCode(
            "time_in_future", "The event is more than 5 minutes ahead", "Correct the producer's clock."
        ),
        ErrorCode(
            "unknown_site", "No such site is registered", "Register the site; the event then comes in.", True
        ),
        ErrorCode(
            "unknown_department",
            "No such department is registered",
            "Register it; the event then comes in.",
            True,
        ),
        ErrorCode(
            "unknown_channel", "No such channel is registered", "Register it; the event then comes in.", True
        ),
        ErrorCode(
            "unknown_moment", "No such moment is registered", "Register it; the event then comes in.", True
        ),
        ErrorCode("not_allowed_site", "The key is not for this site", "Use a key for this site."),
        ErrorCode("admin_required", "Only an admin key may send this", "Use an admin key."),
        ErrorCode("wrong_door", "The site belongs to another log", "Send the site's events to its own door."),
        ErrorCode(
            "rule_violated", "A decision breaks a rule", "Correct the decision; the detail names the rule."
        ),
    )
}
