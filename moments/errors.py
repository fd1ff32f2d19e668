"""What a verb says when it cannot go on.

CommandFailed            one line on stderr, exit 1
└── WrongUsage           one line on stderr, exit 2
    └── SettingRefused   a setting has a value that is not allowed
"""


class CommandFailed(Exception):
    """A refused or failed job: its text is the one line the user sees."""

    exit_code = 1


class WrongUsage(CommandFailed):
    """The command was called in a way that cannot work."""

    exit_code = 2


class SettingRefused(WrongUsage):
    """A setting's value is not allowed: the text names the setting, the value and what is allowed."""
