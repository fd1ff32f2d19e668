"""What the platform writes to stderr: one line an occurrence, readable by people and by `grep`."""

import contextlib
import logging
import sys
from typing import TextIO, cast

import structlog

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class Unfailing:
    """stderr for those who must go on when it cannot be written: its disk is full, its reader has gone."""

    def write(self, text: str) -> None:
        """The line, or nothing."""
        with contextlib.suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        """As `write`."""
        with contextlib.suppress(OSError):
            sys.stderr.flush()


def to_stderr(level: str) -> None:
    """structlog and the standard library's loggers, both to stderr from this level on."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=("timestamp", "level", "event"), drop_missing=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", Unfailing())),
        cache_logger_on_first_use=True,
    )
    # Libraries are heard from warnings on: their info lines say nothing about this platform.
    logging.basicConfig(
        stream=sys.stderr,
        level=max(_LEVELS[level], logging.WARNING),
        format="timestamp=%(asctime)s level=%(levelname)s logger=%(name)s event=%(message)r",
    )
