"""What the attribution of one fulfilled promise looks at."""

from dataclasses import dataclass

from domain.times import Ms

UNMEASURED = "unmeasured"


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """A stage of the declared plan; stages that share `group` run in parallel and join."""

    stage: str
    department: str
    budget_s: int
    group: str | None = None


def planned_budget(planned: tuple[PlannedStage, ...]) -> int:
    """B of a plan in seconds, whoever has reported on it: a join counts its largest branch."""
    nodes: dict[tuple[str, str], int] = {}
    for stage in planned:
        node = ("group", stage.group) if stage.group else ("stage", stage.stage)
        nodes[node] = max(nodes.get(node, 0), stage.budget_s)
    return sum(nodes.values())


@dataclass(frozen=True, slots=True)
class StageReport:
    """What counts of a stage's own reports (R13): its latest completion.

    `department` and `group` hold only where the plan does not name the stage.
    """

    stage: str
    department: str
    actual_s: int
    completed_ms: Ms
    group: str | None = None


@dataclass(frozen=True, slots=True)
class BlockedInterval:
    """Time in which a stage, or nobody knows which, waited for another department.

    `order` is (time, id, source) of the event and settles which of two intervals with one beginning comes
    first.
    """

    cause_department: str
    from_ms: Ms
    to_ms: Ms
    stage: str | None = None
    order: tuple[Ms, str, str] = (0, "", "")

    @property
    def beginning(self) -> tuple[Ms, tuple[Ms, str, str]]:
        """Intervals that begin earlier own the seconds covered twice (R11); to the millisecond, not the
        second.
        """
        return (self.from_ms, self.order)


@dataclass(frozen=True, slots=True)
class PromiseInput:
    """A fulfilled promise: its window in whole seconds, its plan and everything reported about its stages.

    Stage names are unique in `planned` and in `reports`.
    """

    made_ms: Ms
    fulfilled_ms: Ms
    window_s: int
    made_by: str
    planned: tuple[PlannedStage, ...] = ()
    reports: tuple[StageReport, ...] = ()
    blocked: tuple[BlockedInterval, ...] = ()
