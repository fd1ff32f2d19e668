"""The demonstration chain: a seeded, believable stream of events; same seed, same bytes."""

from moments.simulate.chain import SimulatedSite, chain_of
from moments.simulate.stream import decisions, history, upcoming

__all__ = ["SimulatedSite", "chain_of", "decisions", "history", "upcoming"]
