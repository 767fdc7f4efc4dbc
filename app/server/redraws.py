"""The server's time for a page, without a browser; `fairprog bench --suite screen` starts this module.

``python -m app.server.redraws PAGE TIMES`` prints JSON: CPU seconds of the first visit, and of each redraw.
"""

import json
import sys
import time
from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from app.server.serve import SCRIPT

TIMEOUT = 120.0  # seconds of one visit
FIRST = "start"  # the page that opens without a name
RUN = "demo"  # the shipped study


def redraws(page: str, n: int) -> dict[str, object]:
    """Visit a page of the shipped study once, and draw it again n times.

    Args:
        page: name of its file in ``app/views``.
        n: number of redraws.

    Returns:
        "first": CPU seconds of the visit, imports included; "again": those of each redraw.

    Raises:
        RuntimeError: the page shows an error.
    """
    visit = AppTest.from_file(str(SCRIPT), default_timeout=TIMEOUT)
    visit.query_params["run"] = RUN
    if page != FIRST:
        visit.switch_page(f"views/{page}.py")
    first = _seconds(visit.run)
    if visit.exception:
        raise RuntimeError(str(visit.exception[0].message))
    return {"first": first, "again": [_seconds(visit.run) for _ in range(n)]}


def _seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this process."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


if __name__ == "__main__":
    sys.stdout.write(json.dumps(redraws(sys.argv[1], int(sys.argv[2]))))
