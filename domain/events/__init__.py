"""Event types by area. Importing this package registers them all."""

from domain.events import cause, feedback, moment, promise, recovery, stage, structure, visit
from domain.events.base import EVENT_TYPES, EventData, is_decision, parse_data
from domain.events.fields import (
    Reference,
    channels_named,
    departments_named,
    moments_named,
    personal_fields,
    references,
    to_wire,
    to_wire_json,
)
from domain.events.wire import DeclaredStage, Money, Personal

AREAS = {
    "visit": visit,
    "moment": moment,
    "promise": promise,
    "stage": stage,
    "recovery": recovery,
    "cause": cause,
    "feedback": feedback,
    "structure": structure,
}
"""The modules of the event types, in the order in which the documentation lists them."""

__all__ = [
    "AREAS",
    "EVENT_TYPES",
    "DeclaredStage",
    "EventData",
    "Money",
    "Personal",
    "Reference",
    "channels_named",
    "departments_named",
    "is_decision",
    "moments_named",
    "parse_data",
    "personal_fields",
    "references",
    "to_wire",
    "to_wire_json",
]
