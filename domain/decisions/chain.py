"""The chain: which sites and standards there are, so that a start finds them without scanning the log."""

from __future__ import annotations

from typing import Any, ClassVar

from eventsourcing.domain import Aggregate

from domain.decisions.decision import Recording


class Chain(Recording):
    """The register of the other aggregates. It refuses nothing."""

    KIND: ClassVar[str] = "chain"

    class Begun(Aggregate.Created):
        """The chain took its first decision."""

    class SiteAdded(Aggregate.Event):
        """A site was registered."""

        code: str

        def apply(self, aggregate: Any) -> None:
            aggregate.sites.append(self.code)

    class StandardAdded(Aggregate.Event):
        """A scope (a site, or the chain as '') got a standard of its own."""

        scope: str

        def apply(self, aggregate: Any) -> None:
            aggregate.standards.append(self.scope)

    def __init__(self) -> None:
        super().__init__()
        self.sites: list[str] = []
        self.standards: list[str] = []
