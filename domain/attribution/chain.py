"""The chain of a promise: its nodes (a serial stage, or a join of parallel stages), their overruns and
credits.

A serial stage is a join of one branch, so there is one set of formulas. Time nobody accounts for is a node of
its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from domain.attribution.inputs import UNMEASURED, BlockedInterval, PlannedStage, PromiseInput, StageReport
from domain.times import whole_seconds

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Row:
    """One owner's line before lateness is known: seconds beyond and below budget."""

    stage: str
    department: str
    group: str | None
    budget_s: int
    actual_s: int
    overrun_s: Fraction = ZERO
    credit_s: Fraction = ZERO


@dataclass(frozen=True, slots=True)
class Chain:
    """The rows of all nodes, with what only the whole chain knows."""

    rows: tuple[Row, ...]
    budget_s: int
    overlap_s: int
    unreported: tuple[PlannedStage, ...]


@dataclass(frozen=True, slots=True)
class _Branch:
    stage: str
    department: str
    group: str | None
    budget_s: int
    actual_s: int
    blocked: Mapping[str, int]
    """Seconds by cause department, inside `actual_s`."""

    @property
    def own_s(self) -> int:
        return self.actual_s - sum(self.blocked.values())


@dataclass(slots=True)
class _Node:
    planned: list[PlannedStage] = field(default_factory=list)
    branches: list[_Branch] = field(default_factory=list)

    @property
    def budget_s(self) -> int:
        """The largest declared budget, also of a branch that did not report (R9); 0 where nothing is
        declared.
        """
        return max((stage.budget_s for stage in self.planned), default=0)


def airport(overruns: Sequence[int]) -> list[Fraction]:
    """Share the largest of several overruns like the cost of one runway: each step among those who need it.

    Returns one part per overrun, in the order given; the parts sum to the largest (Littlechild and Owen,
    1973).
    """
    parts = [ZERO] * len(overruns)
    step, so_far = ZERO, 0
    ascending = sorted(range(len(overruns)), key=overruns.__getitem__)
    for rank, index in enumerate(ascending):
        step += Fraction(overruns[index] - so_far, len(overruns) - rank)
        so_far = overruns[index]
        parts[index] = step
    return parts


def chain(promise: PromiseInput, elapsed_s: int) -> Chain:
    """Lay out the nodes of a promise that took `elapsed_s`."""
    nodes = _nodes(promise)
    reported = [node for node in nodes if node.branches]
    missing = [node for node in nodes if not node.branches]
    accounted_s = sum(max(branch.actual_s for branch in node.branches) for node in reported)
    rows = [row for node in reported for row in _rows(node)]
    gap_s = max(0, elapsed_s - accounted_s)
    lent_s = sum(node.budget_s for node in missing)
    if gap_s or missing:
        rows += _unmeasured(promise, gap_s, lent_s)
    known = {report.stage for report in promise.reports}
    return Chain(
        rows=tuple(rows),
        budget_s=sum(node.budget_s for node in nodes),
        overlap_s=max(0, accounted_s - elapsed_s),
        unreported=tuple(stage for stage in promise.planned if stage.stage not in known),
    )


def _nodes(promise: PromiseInput) -> list[_Node]:
    """Declared stages in their order, then undeclared ones by name; a group is one node where it first
    appears.
    """
    nodes: dict[tuple[str, str], _Node] = {}
    reports = {report.stage: report for report in promise.reports}
    for planned in promise.planned:
        node = nodes.setdefault(_key(planned.stage, planned.group), _Node())
        node.planned.append(planned)
        report = reports.pop(planned.stage, None)
        if report is not None:
            node.branches.append(_branch(promise, planned, report))
    for stage in sorted(reports):
        report = reports[stage]
        undeclared = PlannedStage(stage, report.department, 0, report.group)
        node = nodes.setdefault(_key(stage, report.group), _Node())
        node.branches.append(_branch(promise, undeclared, report))
    return list(nodes.values())


def _key(stage: str, group: str | None) -> tuple[str, str]:
    return ("group", group) if group else ("stage", stage)


def _branch(promise: PromiseInput, planned: PlannedStage, report: StageReport) -> _Branch:
    completed_s = whole_seconds(report.completed_ms)
    named = [interval for interval in promise.blocked if interval.stage == report.stage]
    blocked: defaultdict[str, int] = defaultdict(int)
    for interval, seconds in _covered(named, completed_s - report.actual_s, completed_s):
        blocked[interval.cause_department] += seconds
    return _Branch(
        planned.stage,
        planned.department,
        planned.group or None,
        planned.budget_s,
        report.actual_s,
        dict(blocked),
    )


def _covered(
    intervals: Iterable[BlockedInterval], lo_s: int, hi_s: int
) -> Iterable[tuple[BlockedInterval, int]]:
    """Cut intervals to [lo_s, hi_s] and give every second to the one that began first (R11).

    In order of beginning, what earlier intervals cover of a later one is a prefix of it, so one mark is
    enough.
    """
    free_from = lo_s
    for interval in sorted(intervals, key=lambda interval: interval.beginning):
        begin = max(whole_seconds(interval.from_ms), free_from)
        end = min(whole_seconds(interval.to_ms), hi_s)
        if end > begin:
            yield interval, end - begin
            free_from = end


def _rows(node: _Node) -> Iterable[Row]:
    """The rows of a node with a report: each branch, followed by what blocked it (R10, R12)."""
    branches = node.branches
    budget_s = node.budget_s
    own_s = max(branch.own_s for branch in branches)
    overruns = airport([max(0, branch.own_s - budget_s) for branch in branches])
    held_up = airport([max(0, branch.actual_s - own_s) for branch in branches])
    finished_last = sum(branch.own_s == own_s for branch in branches)
    credit = Fraction(max(0, budget_s - own_s), finished_last)
    for branch, overrun, delay in zip(branches, overruns, held_up, strict=True):
        yield Row(
            branch.stage,
            branch.department,
            branch.group,
            branch.budget_s,
            branch.own_s,
            overrun,
            credit if branch.own_s == own_s else ZERO,
        )
        blocked_s = sum(branch.blocked.values())
        for cause, seconds in branch.blocked.items():
            share = delay * Fraction(seconds, blocked_s)
            yield Row(f"blocked:{branch.stage}", cause, branch.group, 0, seconds, share)


def _unmeasured(promise: PromiseInput, gap_s: int, lent_s: int) -> Iterable[Row]:
    """The gap, less what is known to have blocked it; its budget is that of the nodes that never reported."""
    reported = {report.stage for report in promise.reports}
    homeless = [interval for interval in promise.blocked if interval.stage not in reported]
    made_s, fulfilled_s = whole_seconds(promise.made_ms), whole_seconds(promise.fulfilled_ms)
    blocked: defaultdict[tuple[str, str], int] = defaultdict(int)
    left_s = gap_s
    for interval, seconds in _covered(homeless, made_s, fulfilled_s):
        taken = min(seconds, left_s)
        if taken:
            blocked[f"blocked:{interval.stage or UNMEASURED}", interval.cause_department] += taken
            left_s -= taken
    yield Row(
        UNMEASURED,
        UNMEASURED,
        None,
        lent_s,
        left_s,
        Fraction(max(0, left_s - lent_s)),
        Fraction(max(0, lent_s - left_s)),
    )
    for (stage, cause), seconds in blocked.items():
        yield Row(stage, cause, None, 0, seconds, Fraction(seconds))
