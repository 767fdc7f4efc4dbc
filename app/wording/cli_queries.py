"""What a page shows while the command line compares methods, and when the command fails."""

WORKING = "Comparing the methods row by row"
TOO_LONG = "The comparison was stopped after {minutes} minutes. Choose fewer methods, or runs with fewer test rows."
FAILED = "The comparison failed: {reason}"


def refused(stderr: str, code: int) -> str:
    """Why the command failed: the last line of its stderr. Exit code 2 means that the user can correct the cause."""
    last = (stderr.strip().splitlines() or [f"exit code {code}"])[-1].removeprefix("fairprog: ")
    return last if code == 2 else FAILED.format(reason=last)
