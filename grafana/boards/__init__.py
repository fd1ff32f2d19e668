"""The boards: one function a board, from the chain down to one visit and one promise."""

from __future__ import annotations

from collections.abc import Callable

from grafana.boards.chain import chain, region
from grafana.boards.details import promise, visit
from grafana.boards.health import data_health
from grafana.boards.promises import promises
from grafana.boards.site import site
from grafana.boards.tiers import management, providers, support
from grafana.boards.voice import recovery_voice
from grafana.dashboard import Board
from grafana.texts import Texts

BOARDS: dict[str, Callable[[Texts], Board]] = {
    "chain": chain,
    "region": region,
    "site": site,
    "providers": providers,
    "support": support,
    "management": management,
    "promises": promises,
    "recovery-voice": recovery_voice,
    "data-health": data_health,
    "promise": promise,
    "visit": visit,
}
