"""From an event to the rows the store keeps of it: the subject it belongs to, the subjects it mentions, and
the columns that the derivations read.

What an event means (durations, times, shares, versions) is decided once, by `domain.events`; SQL only ever
sees the meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import pyarrow as pa

from domain.event import Event
from domain.events.base import EventData
from domain.events.cause import AttributionResolved, RootCauseAssigned
from domain.events.feedback import ComplaintMade, FeedbackGiven, ReviewPosted
from domain.events.moment import MomentOccurred
from domain.events.promise import PromiseCancelled, PromiseMade, PromiseRevised
from domain.events.recovery import FailureReported, RefundPaid, RefundRequested
from domain.events.stage import StageBlocked, StageCompleted, StageStarted

Subject = tuple[str, str, str]
"""(site, kind, id): visit, promise, case, moment, outcome (one event), loose (a moment of no visit), other,
structure.
"""

IDENTITY = "\x1f"
"""Between event id and source in the id of a subject that is one event (neither can contain it)."""

COLUMNS: Final[tuple[tuple[str, pa.DataType, Any], ...]] = (
    ("hour", pa.uint32(), 0),
    ("site_id", pa.string(), ""),
    ("kind", pa.string(), ""),
    ("id", pa.string(), ""),
    ("source", pa.string(), ""),
    ("event_id", pa.string(), ""),
    ("main", pa.uint8(), 1),
    ("type", pa.string(), ""),
    ("version", pa.uint16(), 1),
    ("ms", pa.int64(), 0),
    ("received_ms", pa.int64(), 0),
    ("log_no", pa.uint32(), 0),
    ("position", pa.uint64(), 0),
    ("sequence", pa.string(), ""),
    ("visit_id", pa.string(), ""),
    ("promise_id", pa.string(), ""),
    ("case_id", pa.string(), ""),
    ("moment_id", pa.string(), ""),
    ("code", pa.string(), ""),
    ("outcome", pa.string(), ""),
    ("actor", pa.string(), ""),
    ("channel", pa.string(), ""),
    ("department", pa.string(), ""),
    ("stage", pa.string(), ""),
    ("group_name", pa.string(), ""),
    ("seconds", pa.int64(), None),
    ("from_ms", pa.int64(), 0),
    ("to_ms", pa.int64(), 0),
    ("amount", pa.float64(), 0.0),
    ("currency", pa.string(), ""),
    ("stages_stage", pa.list_(pa.string()), ()),
    ("stages_department", pa.list_(pa.string()), ()),
    ("stages_group", pa.list_(pa.string()), ()),
    ("stages_budget", pa.list_(pa.int64()), ()),
    ("split_department", pa.list_(pa.string()), ()),
    ("split_share", pa.list_(pa.float64()), ()),
    ("data", pa.string(), ""),
    ("extensions", pa.string(), ""),
)
"""The columns of `events` with the value of an event that says nothing about one."""

_PLACE: Final = {name: place for place, (name, _, _) in enumerate(COLUMNS)}
_EMPTY: Final = [default for _, _, default in COLUMNS]
SCHEMA: Final = pa.schema([(name, kind) for name, kind, _ in COLUMNS])
Row = list[Any]

(
    _HOUR,
    _SITE,
    _KIND,
    _ID,
    _SOURCE,
    _EVENT,
    _MAIN,
    _TYPE,
    _VERSION,
    _MS,
    _RECEIVED,
    _LOG,
    _POSITION,
    _SEQUENCE,
) = range(14)
_VISIT, _PROMISE, _CASE, _MOMENT, _CODE, _OUTCOME, _ACTOR, _CHANNEL, _DEPARTMENT, _STAGE, _GROUP = range(
    14, 25
)
_SECONDS, _FROM, _TO, _AMOUNT, _CURRENCY = range(25, 30)
_DATA, _EXTENSIONS = _PLACE["data"], _PLACE["extensions"]


class Told(NamedTuple):
    """An event as it came from a feed: the decoded fact, how it was said, and where it stands."""

    event: Event
    version: int
    received_ms: int
    log_no: int
    position: int
    data: str
    extensions: str


def subjects_of(event: Event) -> list[Subject]:
    """The subjects an event belongs to, the main one first (a root cause may name several targets)."""
    data, site = event.data, event.siteid or ""
    kind = _KINDS.get(type(data)) or _learn_kind(event)
    name = _OF_ID.get(kind)
    if name is not None:
        own = getattr(data, name, None)
        if own is not None:
            return [(site, kind, own)]
        kind = "loose" if isinstance(data, MomentOccurred) else "other"
    elif kind == "targets":
        return [(site, target, id_) for target, id_ in _targets(data) if id_ is not None]
    return [(site, kind, f"{event.id}{IDENTITY}{event.source}")]


def _targets(cause: Any) -> tuple[tuple[str, str | None], ...]:
    """What a cause names. A dispute is about a promise or a moment; the case it may carry is no target."""
    named = (("moment", cause.moment_id), ("promise", cause.promise_id))
    return (*named, ("case", cause.case_id)) if isinstance(cause, RootCauseAssigned) else named


_OF_ID: Final = {"visit": "visit_id", "promise": "promise_id", "case": "case_id"}
_SUBJECT_OF_AREA: Final = {
    "visit": "visit",
    "order": "visit",
    "moment": "visit",
    "wow": "visit",
    "care": "visit",
    "guest": "visit",
    "tip": "visit",
    "guest_need": "visit",
    "customer_error": "visit",
    "promise": "promise",
    "stage": "promise",
    "failure": "case",
    "recovery": "case",
    "follow_up": "case",
}
"""By the first word of a type; an event without the id it belongs by is a subject of its own."""
_KINDS: Final[dict[type[EventData], str]] = {
    FeedbackGiven: "outcome",
    ComplaintMade: "outcome",
    ReviewPosted: "outcome",
    RefundPaid: "outcome",
    RefundRequested: "outcome",
    RootCauseAssigned: "targets",
    AttributionResolved: "targets",
}
"""Subject kinds of event types; types that follow their area are learnt when the first event of them comes.
"""


def _learn_kind(event: Event) -> str:
    area = event.type.split(".")[1]
    kind = "structure" if event.data.DECISION else _SUBJECT_OF_AREA.get(area, "other")
    _KINDS[type(event.data)] = kind
    return kind


def mentions_of(event: Event) -> Sequence[tuple[str, str]]:
    """The other subjects (kind, id) that an event ties to its own."""
    names = _TIES.get(type(event.data))
    if names is None:
        return ()
    data = event.data
    ties = [(kind, getattr(data, name)) for kind, name in names]
    if isinstance(data, MomentOccurred) and data.visit_id is None:
        return ()
    return [(kind, id_) for kind, id_ in ties if id_ is not None]


_VISIT_AND_CASE: Final = (("visit", "visit_id"), ("case", "case_id"))
_TIES: Final[dict[type[EventData], tuple[tuple[str, str], ...]]] = {
    MomentOccurred: (("promise", "promise_id"), ("case", "case_id")),
    FailureReported: (("visit", "visit_id"),),
    **dict.fromkeys(
        (PromiseMade, FeedbackGiven, ComplaintMade, ReviewPosted, RefundPaid, RefundRequested),
        _VISIT_AND_CASE,
    ),
}


def row_of(told: Told, subject: Subject, main: bool) -> Row:
    """The event's row at one of its subjects, without the placement hour."""
    event, data = told.event, told.event.data
    row = _EMPTY.copy()
    row[_SITE], row[_KIND], row[_ID] = subject
    row[_SOURCE], row[_EVENT], row[_MAIN], row[_TYPE] = event.source, event.id, int(main), event.type
    row[_VERSION], row[_MS], row[_RECEIVED] = told.version, event.ms, told.received_ms
    row[_LOG], row[_POSITION], row[_SEQUENCE] = told.log_no, told.position, event.sequence or ""
    row[_VISIT], row[_CASE] = data.visit_id or "", data.case_id or ""
    row[_CHANNEL], row[_DEPARTMENT] = data.channel or "", data.department or ""
    row[_PROMISE] = getattr(data, "promise_id", None) or ""
    row[_DATA], row[_EXTENSIONS] = told.data, told.extensions
    fill = _FILL.get(type(data))
    if fill is not None:
        fill(row, data, event.ms)
    return row


def _fill_moment(row: Row, data: Any, _: int) -> None:
    row[_CODE], row[_OUTCOME], row[_MOMENT], row[_ACTOR] = (
        data.moment,
        data.outcome,
        data.moment_id or "",
        data.made_by or "",
    )


def _fill_made(row: Row, data: Any, ms: int) -> None:
    row[_CODE], row[_DEPARTMENT], row[_SECONDS], row[_TO] = (
        data.kind,
        data.made_by,
        data.window(ms),
        data.due(ms),
    )
    if data.stages:
        row[30:34] = (
            [stage.stage for stage in data.stages],
            [stage.department for stage in data.stages],
            [stage.group or "" for stage in data.stages],
            [stage.budget_s for stage in data.stages],
        )


def _fill_revised(row: Row, data: Any, _: int) -> None:
    row[_TO] = data.due_at


def _fill_cancelled(row: Row, data: Any, _: int) -> None:
    row[_ACTOR] = data.by


def _fill_stage(row: Row, data: Any, _: int) -> None:
    row[_STAGE], row[_GROUP], row[_SECONDS] = data.stage, data.group or "", getattr(data, "actual_s", None)


def _fill_blocked(row: Row, data: Any, _: int) -> None:
    row[_STAGE], row[_DEPARTMENT], row[_FROM], row[_TO] = (
        data.stage or "",
        data.cause_department,
        data.from_,
        data.to,
    )


def _fill_cause(row: Row, data: Any, _: int) -> None:
    row[_MOMENT] = data.moment_id or ""
    if data.split:
        row[34:36] = list(data.split), [float(share) for share in data.split.values()]


def _fill_feedback(row: Row, data: Any, _: int) -> None:
    row[_CODE], row[_AMOUNT] = data.instrument, data.score


def _fill_review(row: Row, data: Any, _: int) -> None:
    row[_CODE], row[_AMOUNT] = data.platform, data.stars


def _fill_kind(row: Row, data: Any, _: int) -> None:
    row[_CODE] = data.kind


def _fill_refund(row: Row, data: Any, _: int) -> None:
    row[_AMOUNT], row[_CURRENCY] = float(data.amount.amount), data.amount.currency


_FILL: Final[dict[type[EventData], Callable[[Row, Any, int], None]]] = {
    MomentOccurred: _fill_moment,
    PromiseMade: _fill_made,
    PromiseRevised: _fill_revised,
    PromiseCancelled: _fill_cancelled,
    StageStarted: _fill_stage,
    StageCompleted: _fill_stage,
    StageBlocked: _fill_blocked,
    RootCauseAssigned: _fill_cause,
    AttributionResolved: _fill_cause,
    FeedbackGiven: _fill_feedback,
    ReviewPosted: _fill_review,
    ComplaintMade: _fill_kind,
    FailureReported: _fill_kind,
    RefundPaid: _fill_refund,
    RefundRequested: _fill_refund,
}
