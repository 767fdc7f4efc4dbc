"""The errors a user can cause or meet; each carries one sentence that says what to do."""


class FairprogError(Exception):
    """Base of every error that fairprog raises on purpose.

    The message is one sentence for the person at the screen: what was found, where,
    what is allowed, what to do.
    """


class ConfigError(FairprogError):
    """A study, an option or a command-line value is not allowed."""


class DataError(FairprogError):
    """A data set is missing, broken or does not hold what the study asks for."""


class ModelError(FairprogError):
    """A classifier cannot be built, loaded or used with this data set."""


class ArtifactError(FairprogError):
    """A file written by fairprog is missing, damaged or of another version."""


class RunError(FairprogError):
    """A run does not exist or is in a state that forbids what was asked."""
