"""Whether this process serves a dashboard that others may use; set by ``fairprog app --share``."""

import os

SHARED = "FAIRPROG_SHARED"  # environment variable


def is_shared() -> bool:
    """Whether others than the owner may use the pages of this process."""
    return os.environ.get(SHARED, "") not in ("", "0")
