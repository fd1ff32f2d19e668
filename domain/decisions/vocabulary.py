"""The chain's words: departments, channels and moment types beside the default dictionary's."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import ClassVar

from eventsourcing.domain import Aggregate

from domain.decisions.decision import Decision, Recording
from domain.dictionary import Dictionary, Ring, titles_of
from domain.errors import DecisionRefused, Invalid
from domain.events.structure import ChannelRegistered, DepartmentRegistered, MomentRegistered
from domain.events.wire import Title, escape_pointer


class Vocabulary(Recording):
    """A code is registered once for all time; only its title may be told anew."""

    KIND: ClassVar[str] = "vocabulary"

    class Begun(Aggregate.Created):
        """The first word was registered."""

    class Registered(Recording.Decided):
        """A department, channel or moment type was registered, or its title told anew."""

    def __init__(self) -> None:  # eventsourcing calls the class's own, not an inherited one
        super().__init__()

    def register(self, decision: Decision, dictionary: Dictionary) -> None:
        """Accept a new code, or a known one with the same meaning; refuse a code used again for something
        else.
        """
        data = decision.data
        match data:
            case DepartmentRegistered():
                _check_department(data, dictionary)
            case ChannelRegistered():
                check_title(data.title)
            case MomentRegistered():
                _check_moment(data, dictionary)
            case _:
                raise TypeError(data.TYPE)
        decision.record(self, Vocabulary.Registered)


def check_title(title: Title) -> None:
    """A title is not empty."""
    if not titles_of(title)["en"].strip():
        raise DecisionRefused("A title is needed", "/data/title")


def check_departments(split: Mapping[str, Fraction], dictionary: Dictionary) -> None:
    """A split names registered departments only; Invalid unknown_department lets the decision wait."""
    for department in split:
        if department not in dictionary.departments:
            raise Invalid(
                "unknown_department",
                f"No department is called {department!r}",
                "/data/split/" + escape_pointer(department),
            )


def _check_department(data: DepartmentRegistered, dictionary: Dictionary) -> None:
    check_title(data.title)
    known = dictionary.departments.get(data.department)
    if known is not None and known.tier != data.tier:
        raise DecisionRefused(
            f"{data.department!r} is a department of the tier {known.tier}; codes are never reused",
            "/data/tier",
        )


def _check_moment(data: MomentRegistered, dictionary: Dictionary) -> None:
    check_title(data.title)
    if data.weight <= 0:
        raise DecisionRefused("A weight is positive", "/data/weight")
    check_departments(data.split, dictionary)
    known = dictionary.moments.get(data.code)
    if known is None:
        return
    meaning = (known.phase, known.ring, known.weight, dict(known.split))
    if meaning != (data.phase, Ring(data.ring), data.weight, dict(data.split)):
        raise DecisionRefused(
            f"{data.code!r} is a registered moment type; codes are never reused. "
            "Weight and split change by moment_weight.set and split.set",
            "/data/code",
        )
