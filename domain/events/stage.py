"""What happened at the stages behind a promise."""

from __future__ import annotations

from typing import ClassVar

from domain.errors import Fault
from domain.events.base import EventData
from domain.events.wire import DepartmentCode, Id, Instant, Seconds


class StageStarted(EventData, kw_only=True, frozen=True):
    """`moments.stage.started`: work on a stage began.

    promise_id: the promise.
    stage: the stage's name within the promise.
    department: who works on it; a declared department wins.
    group: stages with the same group run in parallel and join; a declared group wins.
    """

    TYPE: ClassVar[str] = "moments.stage.started"

    promise_id: Id
    stage: Id
    department: DepartmentCode
    group: Id | None = None


class StageCompleted(EventData, kw_only=True, frozen=True):
    """`moments.stage.completed`: work on a stage ended.

    promise_id: the promise.
    stage: the stage's name within the promise.
    department: who worked on it; a declared department wins.
    group: stages with the same group run in parallel and join; a declared group wins.
    actual_s: how long it took; without it, from the earliest stage.started to this event.
    """

    TYPE: ClassVar[str] = "moments.stage.completed"

    promise_id: Id
    stage: Id
    department: DepartmentCode
    group: Id | None = None
    actual_s: Seconds | None = None


class StageBlocked(EventData, kw_only=True, frozen=True, rename={"from_": "from"}):
    """`moments.stage.blocked`: a stage could not go on because of another department.

    promise_id: the promise.
    stage: the stage that stood still; without one the time is taken out of the unmeasured gap.
    cause_department: who owns the blocked time.
    from: when the block began.
    to: when it ended, not earlier than from.
    """

    TYPE: ClassVar[str] = "moments.stage.blocked"

    promise_id: Id
    cause_department: DepartmentCode
    from_: Instant
    to: Instant
    stage: Id | None = None

    def __post_init__(self) -> None:
        if self.to < self.from_:
            raise Fault("negative_duration", "The block ends before it begins", "/to")
