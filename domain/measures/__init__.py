"""The catalogue of measures. Adding one = an entry in its area's module and a SELECT of its code."""

from dataclasses import replace

from domain.measures import experience, promises, recovery, voice
from domain.measures.measure import (
    Dimension,
    Direction,
    Interval,
    Kind,
    Measure,
    Thresholds,
)

AREAS = {
    "experience": experience.MEASURES,
    "promises": promises.MEASURES,
    "recovery": recovery.MEASURES,
    "voice": voice.MEASURES,
}

CATALOGUE: dict[str, Measure] = {
    measure.code: replace(measure, area=area) for area, measures in AREAS.items() for measure in measures
}

EVIDENCE = CATALOGUE["evidence_coverage"]
"""Shown beside every share: how much of it rests on evidence rather than on default splits."""

SHARED: tuple[str, ...] = tuple(code for code, measure in CATALOGUE.items() if measure.shared)
"""Measures whose quantity is shared out among departments and tiers."""

__all__ = [
    "AREAS",
    "CATALOGUE",
    "EVIDENCE",
    "SHARED",
    "Dimension",
    "Direction",
    "Interval",
    "Kind",
    "Measure",
    "Thresholds",
]
