"""What customers say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from domain.errors import Fault
from domain.events.base import EventData
from domain.events.wire import DepartmentCode, Id, Text, Verbatim

SCALES: Mapping[str, tuple[float, float]] = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7), "smiley": (1, 5)}
"""Lowest and highest score of each instrument; `talk` (a conversation) has no fixed scale."""

Stars = Annotated[float, msgspec.Meta(ge=1, le=5)]


class FeedbackInvited(EventData, kw_only=True, frozen=True):
    """`moments.feedback.invited`: the system asked a customer for feedback.

    instrument: nps, csat, ces, smiley or talk.
    """

    TYPE: ClassVar[str] = "moments.feedback.invited"

    instrument: Literal["nps", "csat", "ces", "smiley", "talk"] | None = None


class FeedbackGiven(EventData, kw_only=True, frozen=True):
    """`moments.feedback.given`: a customer answered.

    instrument: nps (0 to 10), csat (1 to 5), ces (1 to 7), smiley (1 to 5) or talk.
    score: the answer on the instrument's scale.
    item: which question was asked.
    verbatim: the customer's own words.
    """

    TYPE: ClassVar[str] = "moments.feedback.given"

    instrument: Literal["nps", "csat", "ces", "smiley", "talk"]
    score: float
    item: Id | None = None
    verbatim: Verbatim | None = None

    def __post_init__(self) -> None:
        scale = SCALES.get(self.instrument)
        if scale is not None and not scale[0] <= self.score <= scale[1]:
            raise Fault("invalid_data", f"{self.instrument} goes from {scale[0]} to {scale[1]}", "/score")


class ReviewPostedV1(msgspec.Struct, kw_only=True, frozen=True):
    """Version 1 called the platform `source`, like the CloudEvents attribute that names the producer."""

    source: Id
    stars: Stars
    themes: tuple[Id, ...] | None = None


class ReviewPosted(EventData, kw_only=True, frozen=True):
    """`moments.review.posted`: a customer wrote a public review.

    platform: where it was posted (version 1: `source`).
    stars: 1 to 5.
    themes: what it is about, as short codes.
    verbatim: the customer's own words.
    """

    TYPE: ClassVar[str] = "moments.review.posted"
    VERSION: ClassVar[int] = 2
    FORMS: ClassVar[Mapping[int, type[msgspec.Struct]]] = {1: ReviewPostedV1}

    platform: Id
    stars: Stars
    themes: tuple[Id, ...] | None = None
    verbatim: Verbatim | None = None

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> dict[str, Any]:
        """`source` became `platform`, so that no reader takes it for the event's source."""
        return {("platform" if name == "source" else name): value for name, value in state.items()}


class ReviewAnswered(EventData, kw_only=True, frozen=True):
    """`moments.review.answered`: the site answered a review.

    review_id: the event id of the review.
    """

    TYPE: ClassVar[str] = "moments.review.answered"

    review_id: Id | None = None


class ComplaintMade(EventData, kw_only=True, frozen=True):
    """`moments.complaint.made`: a customer complained.

    kind: a short code of what about.
    verbatim: the customer's own words.
    """

    TYPE: ClassVar[str] = "moments.complaint.made"

    kind: Id
    verbatim: Verbatim | None = None


class PraiseGiven(EventData, kw_only=True, frozen=True):
    """`moments.praise.given`: a customer praised someone.

    verbatim: the customer's own words.
    """

    TYPE: ClassVar[str] = "moments.praise.given"

    verbatim: Verbatim | None = None


class MysteryItem(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One line of a mystery visitor's form.

    item: the question. department: whom it judges. weight: how much it counts.
    max: the most it can score. scored: what it scored, at most max; an unanswered item carries none.
    """

    item: Id
    department: DepartmentCode
    weight: Annotated[float, msgspec.Meta(gt=0)]
    max: Annotated[float, msgspec.Meta(gt=0)]
    scored: Annotated[float, msgspec.Meta(ge=0)] | None = None


class MysteryVisitScored(EventData, kw_only=True, frozen=True):
    """`moments.mystery_visit.scored`: a mystery visitor filled in a form; never merged into a visit's score.

    form: which form, so that only like is compared with like.
    items: its lines: item, department, weight, max and, when answered, scored.
    """

    TYPE: ClassVar[str] = "moments.mystery_visit.scored"

    form: Id
    items: tuple[MysteryItem, ...]

    def __post_init__(self) -> None:
        for index, line in enumerate(self.items):
            if line.scored is not None and line.scored > line.max:
                raise Fault("invalid_data", "An item scores at most its max", f"/items/{index}/scored")


class ExpectationStated(EventData, kw_only=True, frozen=True):
    """`moments.expectation.stated`: a customer said what had brought them.

    reason: a short code.
    """

    TYPE: ClassVar[str] = "moments.expectation.stated"

    reason: Text
