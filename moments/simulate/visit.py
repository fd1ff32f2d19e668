"""One customer's visit being lived through: moments, promises kept by stages, and what went wrong."""

from typing import NamedTuple

from moments.simulate.day import Choice, Day

_OUTCOMES = Choice(wow=3, exceeded=21, met=66, below=8, failed=2)
_FAULTS = Choice(below=62, failed=38)
_IDEAS = Choice(birthday_candle=4, handwritten_note=3, free_dessert=3, umbrella_lent=1, remembered_name=5)
_UNWELL = {"below", "failed"}


class Stage(NamedTuple):
    """A stage as planned (`budget_s`) and as usually done (`factor` of nine tenths of the budget)."""

    name: str
    department: str
    budget_s: int
    group: str = ""
    factor: float = 1.0


class Kept(NamedTuple):
    """How a promise ended."""

    promise_id: str
    late_s: int


class Visit:
    """A visit and its cursor `at` (milliseconds since the site's local midnight)."""

    def __init__(self, day: Day, channel: str, at: int, *, segment: str = "", guests: int = 0) -> None:
        self.day = day
        self.channel = channel
        self.at = at
        self.id = day.mint(at)
        self.troubles = 0
        self.wows = 0
        self.late_s = 0
        self.customer = f"c-{day.random.getrandbits(16):04x}"
        extra = f',"segment":"{segment}"' if segment else ""
        if guests:
            extra += f',"guests":{guests}'
        self.write("visit.started", "host", f'"channel":"{channel}","customer_ref":"{self.customer}"{extra}')

    def write(self, type_: str, source: str, data: str = "") -> str:
        """An event of this visit, now."""
        return self.day.write(self.at, type_, source, f'"visit_id":"{self.id}"{"," if data else ""}{data}')

    def wait(self, usual_s: float, factor: float = 1.0) -> int:
        """Time passes; returns the seconds."""
        seconds = self.day.seconds(usual_s, factor)
        self.at += seconds * 1000 + self.day.random.getrandbits(8)
        return seconds

    def moment(
        self, code: str, *, fault: float = 0.0, promise_id: str = "", cause: str = "", maker: str = ""
    ) -> str:
        """A moment of truth; `fault`: added chance of going wrong, `cause`: who then gets the root cause."""
        failed = fault > 0 and self.day.chance(fault)
        outcome = (_FAULTS if failed else _OUTCOMES)(self.day.random)
        data = f'"moment":"{code}","outcome":"{outcome}"'
        if promise_id:
            data += f',"promise_id":"{promise_id}"'
        if maker:
            data += f',"made_by":"{maker}"'
        event_id = self.write("moment.occurred", "floor", data)
        if outcome in _UNWELL:
            self.troubles += 1
            if failed and cause:
                self.cause(event_id, cause)
        elif outcome == "wow":
            self.wows += 1
            self.write("wow.delivered", "floor", f'"idea":"{_IDEAS(self.day.random)}"')
        return outcome

    def cause(self, moment_id: str, department: str) -> None:
        """Somebody looked into it: most of it is that department's, a tenth nobody could have helped."""
        self.day.write(
            self.at + 5_400_000 + self.day.random.getrandbits(21),
            "root_cause.assigned",
            "office",
            f'"moment_id":"{moment_id}","sphere":"process_or_team",'
            f'"split":{{"{department}":"0.9","external":"0.1"}}',
        )

    def promise(
        self,
        kind: str,
        made_by: str,
        window_s: int,
        plan: list[Stage],
        *,
        declared: bool = True,
        blocked: tuple[str, str, int] | None = None,
    ) -> Kept:
        """A promise, the stages that keep it, its fulfilment; `blocked`: (stage, cause, seconds)."""
        made_at, promise_id = self.at, self.day.mint(self.at)
        data = (
            f'"promise_id":"{promise_id}","kind":"{kind}","made_by":"{made_by}",'
            f'"channel":"{self.channel}","window_s":{window_s}'
        )
        if declared:
            data += f',"stages":[{",".join(map(_declaration, plan))}]'
        self.write("promise.made", "till", data)
        fork = self.at
        for index, stage in enumerate(plan):
            if not (index and stage.group and plan[index - 1].group == stage.group):
                fork = self.at
            self.at = max(self.at, fork + self._do(stage, promise_id, fork, blocked))
        self.write("promise.fulfilled", "till", f'"promise_id":"{promise_id}"')
        late_s = max(0, (self.at - made_at) // 1000 - window_s)
        self.late_s += late_s
        return Kept(promise_id, late_s)

    def _do(self, stage: Stage, promise_id: str, begun: int, blocked: tuple[str, str, int] | None) -> int:
        """One stage from `begun`: its milliseconds; reported unless the scanner missed it."""
        actual_s = self.day.seconds(0.9 * stage.budget_s, stage.factor)
        names = f'"promise_id":"{promise_id}","stage":"{stage.name}"'
        if blocked and blocked[0] == stage.name:
            _, department, seconds = blocked
            start = begun + min(actual_s, 60) * 500
            actual_s += seconds
            self.day.write(
                start + seconds * 1000,
                "stage.blocked",
                "kds",
                f'{names},"cause_department":"{department}",'
                f'"from":"{self.day.text(start)}","to":"{self.day.text(start + seconds * 1000)}"',
            )
        if not self.day.chance(self.day.site.scanner_gaps):
            self.day.write(
                begun + actual_s * 1000,
                "stage.completed",
                "kds",
                f'{names},"department":"{stage.department}","actual_s":{actual_s}',
            )
        return actual_s * 1000

    def leave(self, lines: int) -> None:
        """The customer goes; the bill has that many lines."""
        bill = self.day.site.price * lines
        self.write(
            "visit.ended", "till", f'"bill":{{"amount":"{bill}.00","currency":"{self.day.site.currency}"}}'
        )


def _declaration(stage: Stage) -> str:
    group = f',"group":"{stage.group}"' if stage.group else ""
    return f'{{"stage":"{stage.name}","department":"{stage.department}","budget_s":{stage.budget_s}{group}}}'
