"""What lies where in the data folder."""

from dataclasses import dataclass
from pathlib import Path

from moments.errors import CommandFailed


@dataclass(frozen=True)
class Layout:
    """The paths of one installation, all under one folder that only its owner may enter."""

    data: Path

    def make(self) -> None:
        """Creates the folders that are missing, closed to other users.

        Raises CommandFailed when the data folder is a file, or may not be written.
        """
        try:
            for folder in (self.data, self.log_folder, self.vault_folder, self.run):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as fault:
            raise unusable(self.data, fault) from fault

    @property
    def log_folder(self) -> Path:
        return self.data / "log"

    @property
    def events(self) -> Path:
        return self.log_folder / "events.db"

    @property
    def keys(self) -> Path:
        return self.log_folder / "keys.db"

    @property
    def dead_letters(self) -> Path:
        return self.log_folder / "dead-letters.db"

    @property
    def relay(self) -> Path:
        return self.data / "relay"

    @property
    def inbox(self) -> Path:
        return self.log_folder / "inbox.db"

    @property
    def vault_folder(self) -> Path:
        return self.data / "vault"

    @property
    def clickhouse(self) -> Path:
        return self.data / "clickhouse"

    @property
    def run(self) -> Path:
        return self.data / "run"

    @property
    def core_socket(self) -> Path:
        return self.run / "core.sock"


def unusable(data: Path, fault: OSError) -> CommandFailed:
    """What a verb says of a data folder it cannot work in."""
    kind = isinstance(fault, FileExistsError | NotADirectoryError)
    why = "it is a file, or lies under one" if kind else fault.strerror
    return CommandFailed(f"{data} is no data folder: {why}")
