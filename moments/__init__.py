"""Settings, composition root, command line, process supervision and the demonstration chain."""

__version__ = "0.1.0"
