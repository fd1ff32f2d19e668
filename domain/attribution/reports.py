"""From starts and completions of a promise's stages to the one report of each that counts (R13)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from domain.attribution.inputs import StageReport
from domain.times import Ms, duration_s

Order = tuple[Ms, str, str]
"""(time, id, source) of an event: what "earliest", "latest" and every tie go by (R4)."""


@dataclass(frozen=True, slots=True)
class StageStart:
    """A `stage.started`."""

    stage: str
    order: Order
    group: str | None = None


@dataclass(frozen=True, slots=True)
class StageCompletion:
    """A `stage.completed`; without `actual_s` its duration counts from the stage's earliest start."""

    stage: str
    department: str
    order: Order
    group: str | None = None
    actual_s: int | None = None


def stage_reports(
    starts: Iterable[StageStart], completions: Iterable[StageCompletion]
) -> tuple[StageReport, ...]:
    """One report a stage, by name; a stage without a usable completion has none.

    The latest completion counts, with its own seconds, else from the earliest start and never below 0. A
    latest completion with neither leaves the stage unreported, also when an earlier one could have been used.
    """
    started: defaultdict[str, list[StageStart]] = defaultdict(list)
    for start in starts:
        started[start.stage].append(start)
    latest: dict[str, StageCompletion] = {}
    for completion in completions:
        known = latest.get(completion.stage)
        if known is None or completion.order > known.order:
            latest[completion.stage] = completion
    reports = []
    for stage in sorted(latest):
        report = _report(latest[stage], sorted(started[stage], key=lambda start: start.order))
        if report is not None:
            reports.append(report)
    return tuple(reports)


def _report(completion: StageCompletion, starts: list[StageStart]) -> StageReport | None:
    completed_ms = completion.order[0]
    actual_s = completion.actual_s
    if actual_s is None:
        if not starts:
            return None
        actual_s = max(0, duration_s(starts[0].order[0], completed_ms))
    group = completion.group or next((start.group for start in starts if start.group), None)
    return StageReport(completion.stage, completion.department, actual_s, completed_ms, group)
