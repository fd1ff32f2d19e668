"""The door: judge events one by one, keep what is right and what is wrong, then answer. No HTTP in here.

The way of one request, with what holds after each step:

1. read      envelopes and data are decoded and validated; nothing is kept
2. judge     age, the key's limits, what is registered; decisions pass their aggregates; nothing is kept
3. append    one submission to the log, which tells new from known; the events are durable
4. keep      what was refused becomes dead letters; the refusals are durable
5. answer    with the position that covers everything named

Between judging and handing over to the log nothing else runs, so that what is registered cannot change in
the middle. A request with decisions holds `deciding` from its judgement to its commit, and others wait with
theirs: nobody is let in by a decision that is then not stored. Where other doors write the same log, what
they decided is taken over before a decision is judged and before anything is refused as unregistered; should
one of them decide first all the same, the log refuses and the request is judged anew.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter

from domain.errors import Invalid
from domain.times import Ms
from ingest import metrics
from ingest.answer import Result, Summary, Tally, is_new, result_of
from ingest.dead_letters import DeadLetters, Opened, Refusal
from ingest.errors import DecisionOvertaken, LogBusy, LogUnwritable, NotAllowed, QuotaExceeded
from ingest.judge import IDENTITY_TAKEN, Candidate, Case, Item, item_of, judge, read, refusal
from ingest.keys import Act, KeyScope
from ingest.log.identity import originator_id
from ingest.log.port import EventLog, Verdict
from ingest.log.record import format_position
from ingest.register import Register, is_registered

WAITING_QUOTA = 10_000
OVERTAKEN_MOST = 20
"""How often in a row other doors may decide first."""
SLICE = 250
"""Events read between two looks at other requests: some two milliseconds."""

Acknowledge = Callable[[int], Awaitable[None]]
class _QuotaShare:
    """What one request on its way adds to its key's waiting letters."""

    def __init__(self) -> None:
        self.key = ""
        self.letters = 0


class Door:
    """The use case behind `POST /v1/events`, adapters, the inbox and replay. Lives on one event loop.

    now_ms: the clock. acknowledge(row): awaited before an answer that names rows up to `row`
    (`ack = "kafka"`). serves(site): whether the site belongs to this log, when there are several.
    audit(who, *acts): writes down who decided. waiting_quota: how many letters of one key may wait for
    registrations. `on_registered` is called when letters that wait may find what they wait for.
    """

    def __init__(
        self,
        log: EventLog,
        letters: DeadLetters,
        register: Register,
        *,
        now_ms: Callable[[], Ms],
        acknowledge: Acknowledge | None = None,
        serves: Callable[[str], bool] | None = None,
        audit: Callable[..., None] | None = None,
        waiting_quota: int = WAITING_QUOTA,
    ) -> None:
        self.log = log
        self.letters = letters
        self.register = register
        self.now_ms = now_ms
        self.on_registered: Callable[[], None] = _nobody_listens
        self._acknowledge = acknowledge
        self._serves = serves
        self._audit = audit
        self._quota = waiting_quota
        self._deciding = asyncio.Lock()
        self._coming: Counter[str] = Counter()

    async def submit(
        self, items: Sequence[Item], scope: KeyScope, *, import_: bool = False, all_results: bool = False
    ) -> Summary:
        """Takes the events of one request; `all_results` lists the accepted ones too.

        Raises NotAllowed when the key may not send at all or none of these, Overloaded, LogUnwritable: then
        nothing of the request was answered for, and sending it again is safe.
        """
        if scope.role == "read":
            raise NotAllowed("this key may read, not send")
        if import_ and not scope.is_admin:
            raise NotAllowed("import=true needs an admin key")
        self.log.check_writable()
        free, limit = self.log.room()
        if free < min(len(items), limit):
            raise LogBusy(f"the log is behind; {free} more events fit now", retry_after=1)
        now = self.now_ms()
        candidates = [Candidate(item, scope, now, import_) for item in items]
        # Shielded: a client that hangs up must not leave a decision half made.
        tally = await asyncio.shield(self._take_in(candidates))
        return tally.summary(self.log.log_no, self.log.last(), all_results=all_results)

    async def replay(self, opened: Opened, scope: KeyScope, *, import_: bool = False) -> Result:
        """Another try for a dead letter on the word of an admin and within the admin's limits.

        Its age is still judged by its first receipt.
        """
        candidate = Candidate(
            item_of(opened), scope, opened.letter.first_ms, import_ or opened.letter.import_
        )
        return (await self.retry([opened.letter.letter], [candidate]))[0]

    async def retry(self, letters: Sequence[int], candidates: Sequence[Candidate]) -> list[Result]:
        """Judges kept letters anew: what the log then holds is marked as taken, the rest has a new reason."""
        cases = await asyncio.shield(self._retry(letters, candidates))
        return [result_of(index, case, self.log.log_no) for index, case in enumerate(cases)]

    async def _take_in(self, candidates: Sequence[Candidate]) -> Tally:
        started = perf_counter()
        share = _QuotaShare()
        try:
            cases = await self._pass(candidates, share)
            tally = Tally(cases)
            if tally.refused:
                await self._keep(tally.refused)
        finally:
            self._give_back(share)
        if self._acknowledge is not None and tally.highest:
            await self._acknowledge(tally.highest)
        tally.count()
        metrics.request_seconds.observe(perf_counter() - started)
        return tally

    async def _retry(self, letters: Sequence[int], candidates: Sequence[Candidate]) -> list[Case]:
        cases = await self._pass(candidates, None)
        taken: list[tuple[int, str]] = []
        refused: list[tuple[int, Refusal]] = []
        for letter, case in zip(letters, cases, strict=True):
            if case.row:
                taken.append((letter, format_position(case.row, self.log.log_no)))
            else:
                refused.append((letter, refusal(case)))
        await asyncio.to_thread(self.letters.settle, taken, refused, self.now_ms())
        self._look_again(cases)
        Tally(cases).count()
        return cases

    async def _pass(self, candidates: Sequence[Candidate], share: _QuotaShare | None) -> list[Case]:
        cases: list[Case] = []
        for start in range(0, len(candidates), SLICE):
            if start:
                await asyncio.sleep(0)
            cases += map(read, candidates[start : start + SLICE])
        if any(case.is_decision for case in cases):
            async with self._deciding:
                await self._decide_and_append(cases, share)
            await self._decided([case for case in cases if case.is_decision and is_new(case)])
        else:
            while self._deciding.locked():
                async with self._deciding:
                    pass
            for case in cases:
                judge(case, self.register, self._serves)
            if self.register.is_shared:
                await self._ask_again([case for case in cases if case.waits_for is not None])
            await self._append(cases, share)
        return cases

    async def _ask_again(self, waiting: Sequence[Case]) -> None:
        """What is not registered here may have been registered at another door."""
        if waiting and await self.follow():
            for case in waiting:
                case.fault = case.waits_for = None
                judge(case, self.register, self._serves)

    async def follow(self) -> bool:
        """Takes over what other doors of the log have decided; whether there was anything.

        Raises LogUnwritable when the log's database does not answer. Nothing else runs between the take-over
        and the return, so that whoever judges at once judges by what is stored.
        """
        async with self._deciding:
            changed = await asyncio.to_thread(self.register.follow)
        if changed:
            self.on_registered()
        return changed

    async def _decide_and_append(self, cases: list[Case], share: _QuotaShare | None) -> None:
        for _ in range(OVERTAKEN_MOST):
            if await asyncio.to_thread(self.register.follow):
                self.on_registered()
            try:
                await self._decide_once(cases, share)
                return
            except DecisionOvertaken:
                cases[:] = [read(case.candidate) for case in cases]
                self._give_back(share)
        raise LogUnwritable("other doors decide without a pause; nothing was taken", retry_after=1)

    async def _decide_once(self, cases: Sequence[Case], share: _QuotaShare | None) -> None:
        known = await asyncio.to_thread(self._known, [case for case in cases if case.is_decision])
        try:
            for case in cases:
                judge(case, self.register, self._serves)
                if case.is_decision and case.fault is None and case.entry is not None:
                    if case.entry.originator in known:
                        continue  # a duplicate: deciding it twice could break a rule it did not break
                    self._decide(case)
                    if case.fault is None:
                        known.add(case.entry.originator)
            await self._append(cases, share)
        except BaseException:
            self.register.undo()
            raise
        decided = [case for case in cases if case.entry is not None and case.entry.decided]
        if all(is_new(case) for case in decided):
            # A decision's rows stand directly behind its event's.
            ends = [case.row + len(case.entry.decided) for case in decided if case.entry is not None]
            self.register.settle(max(ends, default=0))
        else:  # another door has stored the same decision, and its word counts
            self.register.undo()

    async def _decided(self, cases: Sequence[Case]) -> None:
        if not cases:
            return
        self.on_registered()
        if self._audit is not None:
            acts = [
                Act(case.type or "", case.site or "chain", {"id": case.event_id, "source": case.source})
                for case in cases
            ]
            await asyncio.to_thread(self._audit, cases[0].candidate.scope.name, *acts)

    def _decide(self, case: Case) -> None:
        assert case.event is not None
        assert case.data is not None
        assert case.entry is not None
        try:
            case.entry.decided = self.register.decide(case.event, case.data, now_ms=case.candidate.first_ms)
            case.entry.after = self.register.at
        except Invalid as fault:
            case.fault = Invalid(fault.code, fault.detail, fault.pointer)
            case.entry.refused = True

    def _known(self, decisions: Sequence[Case]) -> set[str]:
        originators = [
            originator_id(case.source, case.event_id) for case in decisions if case.source and case.event_id
        ]
        return set(self.log.find(originators))

    async def _append(self, cases: Sequence[Case], share: _QuotaShare | None) -> None:
        faulty = [case for case in cases if case.fault is not None]
        if share is not None and faulty:
            if len(faulty) == len(cases) and all(_is_foreign(case) for case in faulty):
                raise NotAllowed(
                    "the key is not for this site", pointers=tuple(f"/{i}/siteid" for i in range(len(cases)))
                )
            await self._check_quota([case for case in faulty if case.waits_for is not None], share)
        asking = [case for case in cases if case.entry is not None]
        if not asking:
            return
        future = self.log.submit([case.entry for case in asking if case.entry is not None])
        verdicts: list[Verdict] = await asyncio.wrap_future(future)
        for case, verdict in zip(asking, verdicts, strict=True):
            case.verdict = verdict
            if case.fault is None and not verdict.row:
                case.fault = IDENTITY_TAKEN

    async def _check_quota(self, waiting: Sequence[Case], share: _QuotaShare) -> None:
        """Takes this request's share of the key's quota; it is given back once the letters are counted."""
        if not waiting:
            return
        scope = waiting[0].candidate.scope
        new = len(waiting)
        if self._held(scope.name) + new > self._quota:
            letters = [refusal(case) for case in waiting]
            new = await asyncio.to_thread(self.letters.not_kept_yet, letters, scope)
        held = self._held(scope.name)
        if new and held + new > self._quota:
            raise QuotaExceeded(
                f"{held} events of this key wait for registrations; at most {self._quota} may", retry_after=60
            )
        share.key, share.letters = scope.name, new
        self._coming[scope.name] += new

    def _give_back(self, share: _QuotaShare | None) -> None:
        if share is not None:
            self._coming[share.key] -= share.letters
            share.letters = 0

    def _held(self, key: str) -> int:
        return self.letters.waiting(key) + self._coming[key]

    async def _keep(self, refused: Sequence[Case]) -> None:
        first = refused[0].candidate
        letters = [refusal(case) for case in refused]
        await asyncio.to_thread(
            self.letters.keep, letters, first.scope, import_=first.import_, now_ms=first.first_ms
        )
        self._look_again(refused)

    def _look_again(self, cases: Sequence[Case]) -> None:
        """A registration may have come between an event's refusal and its letter, which must not miss it."""
        tokens = {case.waits_for for case in cases if case.waits_for is not None and not case.row}
        if any(is_registered(self.register, waits_for) for waits_for in tokens):
            self.on_registered()


def _is_foreign(case: Case) -> bool:
    return case.fault is not None and case.fault.code == "not_allowed_site"


def _nobody_listens() -> None:
    return None
