"""What is said while a question is worked on, and where it has no answer."""

WORKING = "Comparing row by row"
TOO_LONG = (
    "Comparing took longer than {minutes} minutes and was stopped. Choose fewer methods, or runs with fewer rows."
)
FAILED = "Comparing failed: {reason}"


def refused(stderr: str, code: int) -> str:
    """Why there is no answer, from what the command said at last; 2 is its code for what can be helped."""
    last = (stderr.strip().splitlines() or [f"exit code {code}"])[-1].removeprefix("fairprog: ")
    return last if code == 2 else FAILED.format(reason=last)
