"""What a page shows while a command compares methods or reads a table, and when the command fails."""

WORKING = "Comparing the methods row by row"
AUDITING = "Measuring the predictions"
NO_FILE = "This study cannot be written as a file; change the options that have no value."
LOOKING = "Reading the table"
TOO_LONG = (
    "This was stopped after {minutes} minutes. Choose fewer methods, runs with fewer test rows, or a smaller table; "
    "the command line has no such limit."
)
FAILED = "This failed: {reason}"


def refused(stderr: str, code: int) -> str:
    """Why the command failed: the last line of its stderr. Exit code 2 means that the user can correct the cause."""
    last = (stderr.strip().splitlines() or [f"exit code {code}"])[-1].removeprefix("fairprog: ")
    return last if code == 2 else FAILED.format(reason=last)
