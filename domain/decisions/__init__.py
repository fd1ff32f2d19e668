"""Decisions: aggregates that check the rules of the area structure, and the application that keeps them.

Command method, event, mutator stand side by side. What an aggregate records is the decision event itself
(without personal fields), so that the state in force reads the same from aggregates as from the events of the
log.
"""

from domain.decisions.application import Decisions
from domain.decisions.chain import Chain
from domain.decisions.site import Site
from domain.decisions.standard import ServiceStandard
from domain.decisions.vocabulary import Vocabulary

__all__ = ["Chain", "Decisions", "ServiceStandard", "Site", "Vocabulary"]
