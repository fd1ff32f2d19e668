"""Judging one event: what can be read of it, what is wrong with it, and what the log would store.

The order of the checks is the order of what a producer must mend: the envelope, whose site it is, the data,
the role, the time, and last what is not registered yet, since only that mends itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from domain.cloudevents import MAX_ID, CloudEvent, from_binary, from_structured, parse_event, to_structured
from domain.errors import Invalid
from domain.events import EventData
from domain.events.fields import fields_of, references
from domain.times import DAY_MS, Ms
from ingest.bodies import Binary, pack_binary, unpack_binary
from ingest.dead_letters import Opened, Refusal
from ingest.keys import KeyScope
from ingest.log.identity import originator_id
from ingest.log.port import Entry, Verdict
from ingest.log.record import LogRecord
from ingest.register import Register, token
from ingest.sealing import find_persons

MAX_AGE_MS = 35 * DAY_MS
MAX_AHEAD_MS = 300_000
SITE_DECISIONS = "moments.site."
REGISTERS_SITE = "moments.site.registered"

Item = bytes | Binary | CloudEvent
"""One event as it came: JSON bytes, a binary-mode message, or an event that an adapter has made."""


class Candidate(msgspec.Struct, gc=False):
    """One event before the door, and what it is judged by: whose key, when it first came, an import."""

    item: Item
    scope: KeyScope
    first_ms: Ms
    import_: bool = False


class Case(msgspec.Struct, gc=False):
    """A candidate on its way through the door; one with a fault is refused unless the log knows its identity.

    Tens of thousands are alive at once: the cycle collector looking at them cost a fifth of the door's time.
    So none may be part of a cycle.
    """

    candidate: Candidate
    event: CloudEvent | None = None
    data: EventData | None = None
    fault: Invalid | None = None
    waits_for: str | None = None
    source: str | None = None
    event_id: str | None = None
    type: str | None = None
    site: str = ""
    entry: Entry | None = None
    verdict: Verdict | None = None

    @property
    def is_decision(self) -> bool:
        return self.data is not None and self.data.DECISION

    @property
    def row(self) -> int:
        """The log's row of this event, 0 when it is not in the log."""
        return 0 if self.verdict is None else self.verdict.row


def read(candidate: Candidate) -> Case:
    """Everything that can be said of an event without knowing what is registered."""
    item = candidate.item
    case = Case(candidate)
    try:
        if item.__class__ is bytes:
            event = from_structured(item)
        elif isinstance(item, CloudEvent):
            event = item
        else:
            assert isinstance(item, Binary)
            event = from_binary(item.headers, item.body)
        case.event = event
        case.source, case.event_id, case.type, case.site = (
            event.source,
            event.id,
            event.type,
            event.siteid or "",
        )
        case.data = parse_event(event)
    except Invalid as fault:
        # Not the exception itself: its traceback leads back here, and a cycle is never collected.
        case.fault = Invalid(fault.code, fault.detail, fault.pointer)
        if case.event is None:
            _identify(case)
    return case


def judge(case: Case, register: Register, serves: Callable[[str], bool] | None = None) -> None:
    """Sets `fault` and `waits_for` by the key's limits, the clock and what is registered; makes the entry
    for the log.
    """
    fault = case.fault
    candidate, event, data = case.candidate, case.event, case.data
    scope, site = candidate.scope, case.site
    if event is not None:
        if scope.is_limited and not _within(scope, site, register):
            case.fault, case.waits_for = (
                Invalid("not_allowed_site", "the key is not for this site", "/siteid"),
                None,
            )
            return
        if fault is None:
            assert data is not None
            fault = _fault(event, data, candidate, serves)
            if fault is None and (unknown := _unregistered(event, data, register)) is not None:
                fault, case.waits_for = unknown
            case.fault = fault
    elif scope.is_limited and not (site and _within(scope, site, register)):
        # Nothing readable proves that the identity is the key's to ask about.
        return
    case.entry = _entry(case)


def _within(scope: KeyScope, site: str, register: Register) -> bool:
    """A key for regions cannot be judged by a site that nobody has registered yet: it waits, and is judged
    again then.
    """
    return scope.allows(site, register.region_of) or (
        scope.regions is not None and site != "" and site not in register.codes("site")
    )


def _fault(
    event: CloudEvent, data: EventData, candidate: Candidate, serves: Callable[[str], bool] | None
) -> Invalid | None:
    if data.DECISION:
        if not candidate.scope.is_admin:
            return Invalid("admin_required", "decisions need an admin key", "/type")
        if event.siteid is None and event.type.startswith(SITE_DECISIONS):
            return Invalid("missing_attribute", "siteid is required", "/siteid")
    elif event.siteid is None:
        return Invalid("missing_attribute", "siteid is required", "/siteid")
    age = candidate.first_ms - event.ms
    if age > MAX_AGE_MS and not (candidate.import_ and candidate.scope.is_admin):
        return Invalid("too_old", "older than 35 days; import it with an admin key", "/time")
    if age < -MAX_AHEAD_MS:
        return Invalid("time_in_future", "more than 5 minutes ahead of the clock", "/time")
    if serves is not None and event.siteid is not None and not serves(event.siteid):
        return Invalid("wrong_door", f"site {event.siteid} belongs to another log", "/siteid")
    return None


def _unregistered(event: CloudEvent, data: EventData, register: Register) -> tuple[Invalid, str] | None:
    site = event.siteid
    if site is not None and site not in register.codes("site") and event.type != REGISTERS_SITE:
        return Invalid("unknown_site", f"no site {site!r} is registered", "/siteid"), token("site", site)
    single, has_more = _named(data.__class__)
    for kind, attribute in single:
        code = getattr(data, attribute)
        if code is not None and code not in register.codes(kind):
            break
    else:
        if not has_more:
            return None
    # Something is unknown, or the type names codes inside lists and splits: the thorough way.
    for kind, pointer, code in references(data):
        if code not in register.codes(kind):
            return Invalid(f"unknown_{kind}", f"no {kind} {code!r} is registered", pointer), token(kind, code)
    return None


@cache
def _named(kind: type[EventData]) -> tuple[tuple[tuple[str, str], ...], bool]:
    """The fields of a type that hold one code (kind, attribute), and whether others hold several."""
    fields = fields_of(kind)
    single = tuple((field.names, field.attribute) for field in fields if field.names is not None)
    return single, any(field.kind is not None for field in fields)


def _entry(case: Case) -> Entry | None:
    """What the log is asked: to store the event, or only whether it knows a refused one's identity (R1)."""
    source, event_id, event = case.source, case.event_id, case.event
    if source is None or event_id is None or len(event_id) > MAX_ID:
        return None
    originator = originator_id(source, event_id)
    if event is None:
        return Entry(originator, None, refused=True)
    candidate = case.candidate
    record = LogRecord(
        event_id,
        source,
        event.type,
        event.version,
        event.time,
        event.ms,
        event.siteid or "",
        event.data,
        event.extensions,
        candidate.first_ms,
        candidate.scope.name,
    )
    personal = None
    if case.data is not None:
        item = candidate.item
        around = item if item.__class__ is bytes else bytes(event.data)
        personal = find_persons(case.data.__class__, event.data, around)
    return Entry(originator, record, refused=case.fault is not None, personal=personal)


class _Identity(msgspec.Struct):
    id: Any = None
    source: Any = None
    type: Any = None
    siteid: Any = None


_identity = msgspec.json.Decoder(_Identity)


def _identify(case: Case) -> None:
    """Of an event that cannot be read: who it claims to be, as far as that is well formed."""
    item = case.candidate.item
    try:
        if isinstance(item, Binary):
            named = {name.lower(): value for name, value in item.headers}
            found = _Identity(
                named.get("ce-id"), named.get("ce-source"), named.get("ce-type"), named.get("ce-siteid")
            )
        else:
            assert isinstance(item, bytes)
            found = _identity.decode(item)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return
    case.event_id = found.id if _is_text(found.id) else None
    case.source = found.source if _is_text(found.source) else None
    case.type = found.type if _is_text(found.type) else None
    case.site = found.siteid if _is_text(found.siteid) else ""


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 1024


def refusal(case: Case) -> Refusal:
    """The dead letter of a refused case."""
    fault = case.fault or IDENTITY_TAKEN
    item = case.candidate.item
    if isinstance(item, Binary):
        raw, form = pack_binary(item), "binary"
    else:
        raw, form = (to_structured(item) if isinstance(item, CloudEvent) else item), "structured"
    return Refusal(
        raw,
        form,
        fault.code,
        fault.detail,
        fault.pointer,
        case.waits_for,
        case.source,
        case.event_id,
        case.type,
        case.site,
    )


def item_of(opened: Opened) -> Item:
    """The event of a dead letter, to be judged again."""
    return unpack_binary(opened.raw) if opened.letter.form == "binary" else opened.raw


IDENTITY_TAKEN = Invalid("invalid_attribute", "this id collides with another event's; mint another", "/id")
