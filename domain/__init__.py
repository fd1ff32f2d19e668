"""What the platform is about: events, dictionary, decisions, attribution, scoring, statistics, measures.

Pure: no I/O, no clock, exact arithmetic wherever shares are concerned. Imports the standard library, msgspec
and eventsourcing's domain and application modules, and nothing else of this repository.
"""
