"""Moments of truth."""

from __future__ import annotations

from typing import ClassVar, Literal

from domain.events.base import EventData
from domain.events.wire import Id, MomentCode, Text


class MomentOccurred(EventData, kw_only=True, frozen=True):
    """`moments.moment.occurred`: the customer lived through a moment of truth.

    moment: the moment type of the dictionary.
    outcome: failed, below, met, exceeded or wow; scored 0, 50, 75, 90, 100.
    moment_id: the moment, unique within the site; lets a root cause point at it.
    visit_id: the visit; without one the moment counts in `above_standard` only.
    promise_id: the promise the moment is about.
    made_by: what made the moment: system or human.
    idea: for a wow, a short code or name of what was done.
    """

    TYPE: ClassVar[str] = "moments.moment.occurred"

    moment: MomentCode
    outcome: Literal["failed", "below", "met", "exceeded", "wow"]
    moment_id: Id | None = None
    promise_id: Id | None = None
    made_by: Literal["system", "human"] | None = None
    idea: Text | None = None
