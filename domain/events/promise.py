"""Timed promises to customers."""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

from domain.errors import Fault
from domain.events.base import EventData
from domain.events.wire import (
    DepartmentCode,
    Id,
    Instant,
    MomentCode,
    Seconds,
    Stages,
    check_stage_names,
)
from domain.times import SECOND_MS, Ms, duration_s


class PromiseMade(EventData, kw_only=True, frozen=True):
    """`moments.promise.made`: the customer was promised something by a time.

    promise_id: the promise, unique within the site.
    kind: the moment type that keeping or missing the promise is.
    made_by: the department that promised; it owns an over-promise.
    window_s: the time promised; wins over due_at. One of the two is required.
    due_at: when it is due, not earlier than the event's own time.
    stages: the plan: stages with department, budget_s and, for parallel ones, group.
    """

    TYPE: ClassVar[str] = "moments.promise.made"
    ONE_OF: ClassVar[tuple[str, ...]] = ("window_s", "due_at")

    promise_id: Id
    kind: MomentCode
    made_by: DepartmentCode
    window_s: Seconds | None = None
    due_at: Instant | None = None
    stages: Stages = ()

    def __post_init__(self) -> None:
        if self.window_s is None:
            self.check_one_of()
        if self.stages:
            check_stage_names(self.stages)
        else:
            msgspec.structs.force_setattr(self, "stages", ())

    def check_at(self, at: Ms) -> None:
        """Fault due_before_made, by the millisecond (R3); a due_at that window_s overrules is not judged."""
        if self.window_s is None and self.due_at is not None and self.due_at < at:
            raise Fault("due_before_made", "The promise is due before it was made", "/due_at")

    def window(self, made_at: Ms) -> int:
        """The promised time P in seconds, for a promise made at that instant."""
        if self.window_s is not None:
            return self.window_s
        assert self.due_at is not None  # __post_init__
        return duration_s(made_at, self.due_at)

    def due(self, made_at: Ms) -> Ms:
        """The instant the promise is due, for a promise made at that instant."""
        if self.window_s is not None:
            return made_at + self.window_s * SECOND_MS
        assert self.due_at is not None  # __post_init__
        return self.due_at


class PromiseRevised(EventData, kw_only=True, frozen=True):
    """`moments.promise.revised`: another time was told to the customer; it never rescues the first promise.

    promise_id: the promise.
    due_at: the time now told.
    """

    TYPE: ClassVar[str] = "moments.promise.revised"

    promise_id: Id
    due_at: Instant


class PromiseFulfilled(EventData, kw_only=True, frozen=True):
    """`moments.promise.fulfilled`: the customer got what was promised.

    promise_id: the promise.
    """

    TYPE: ClassVar[str] = "moments.promise.fulfilled"

    promise_id: Id


class PromiseCancelled(EventData, kw_only=True, frozen=True):
    """`moments.promise.cancelled`: the promise was called off.

    promise_id: the promise.
    by: customer (in time: counted nowhere; after the due time: broken) or site (broken).
    """

    TYPE: ClassVar[str] = "moments.promise.cancelled"

    promise_id: Id
    by: Literal["customer", "site"]
