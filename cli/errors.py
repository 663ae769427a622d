"""Why a command ends early: a sentence, and the exit code that belongs to it."""


class CliError(Exception):
    """A command that cannot go on; the text says why."""

    code = 1


class ActionRefused(CliError):
    """The master, or a rule of the site, refuses."""

    code = 1


class UsageError(CliError):
    """The command line names something that does not exist, or lacks something."""

    code = 2


class MasterUnreachable(CliError):
    """No master answers, or it refuses the login."""

    code = 3


class Interrupted(CliError):
    """Ctrl-C was pressed."""

    code = 130
