"""Why the way in could not take something.

    IngestError
    ├── Overloaded          retry later, nothing was taken      (HTTP 429)
    │   ├── LogBusy             the writer's queue is full
    │   └── QuotaExceeded       a key has too many letters waiting for a registration
    ├── LogUnwritable       the log cannot be written now       (HTTP 503)
    ├── LogInUse            another process has this log        (stops the start)
    ├── LogMismatch         this is not the log it should be    (stops the start)
    ├── DecisionOvertaken   another door decided first          (decided again, never seen outside)
    └── NotAllowed          the key may not do this             (HTTP 403)

An event that is wrong in itself is no IngestError: it is `domain.errors.Invalid`, and it is kept.
"""

from __future__ import annotations


class IngestError(Exception):
    """Root of what the way in raises."""


class Overloaded(IngestError):
    """Come again after `retry_after` seconds; nothing of the request was taken."""

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class LogBusy(Overloaded):
    """The writer's queue holds as many events as it may."""


class QuotaExceeded(Overloaded):
    """A key's quota of letters that wait for a registration is used up."""


class LogUnwritable(IngestError):
    """Disk full, file system gone, database error: nothing of the request was taken."""

    def __init__(self, message: str, *, retry_after: int = 5) -> None:
        super().__init__(" ".join(message.split()))  # databases say things in several lines
        self.retry_after = retry_after


class LogInUse(IngestError):
    """One process writes a log, or sends it to Kafka; this one is not it."""


class LogMismatch(IngestError):
    """The log, its number, its vault key or its server is not what this folder or the settings say."""


class DecisionOvertaken(IngestError):
    """Another door of the same log decided meanwhile: this decision was judged by a state that is no more."""


class NotAllowed(IngestError):
    """The key's role, sites or regions do not reach so far."""

    def __init__(self, message: str, *, pointers: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.pointers = pointers
