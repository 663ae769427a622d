"""Why a command ends early: a sentence, and the exit code that belongs to it."""

DONE = 0
INTERRUPTED = 130


class Stopped(Exception):
    """A command that cannot go on; the sentence says why."""

    code = 1


class Refused(Stopped):
    """The master, or a rule of the site, says no."""

    code = 1


class Misused(Stopped):
    """The command line names what does not exist, or lacks something."""

    code = 2


class Unreachable(Stopped):
    """No master answers, or it does not know who asks."""

    code = 3


class Interrupted(Stopped):
    """Somebody pressed Ctrl-C."""

    code = INTERRUPTED
