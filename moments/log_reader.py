"""The log of the settings, for whoever follows it: the projector, verify and rebuild, the relay."""

from ingest.errors import LogMismatch, LogUnwritable
from ingest.log import bind, open_reader
from ingest.log.reader import FollowedLog
from moments.errors import CommandFailed
from moments.layout import Layout
from moments.settings import Settings


def log_url_of(settings: Settings) -> str | None:
    """The database of a log that doors share; None when the log is a file in the data folder."""
    return settings.log_url.get_secret_value() if settings.log_url is not None else None


def reader_of(settings: Settings, *, alone: bool = False) -> FollowedLog:
    """A reader of the log that the doors of these settings write. Close it.

    alone: as the only relay of a log in a database. Raises CommandFailed when the address is none.
    """
    try:
        return open_reader(
            Layout(settings.data).log_folder, log_url_of(settings), number=settings.log_no, alone=alone
        )
    except LogMismatch as wrong:
        raise CommandFailed(str(wrong)) from wrong


def projected(settings: Settings) -> FollowedLog:
    """The same for a projector, whose tables lie in the data folder and speak of one log only.

    Raises CommandFailed when the folder has served another log, or its database does not answer.
    """
    reader = reader_of(settings)
    url = log_url_of(settings)
    if url is not None:
        from ingest.log.postgres import place_of

        try:
            identity = reader.identity()
            if identity is not None:  # else its door makes the log, and looks itself
                bind(Layout(settings.data).log_folder, identity, place_of(url))
        except (LogMismatch, LogUnwritable) as wrong:
            reader.close()
            raise CommandFailed(str(wrong)) from wrong
    return reader
