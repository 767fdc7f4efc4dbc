"""The format of log lines: a name or a message of others begins no line of its own and steers no terminal."""

import logging
import sys
from typing import Any

from fairprog_core.common.errors import escaped


class LogFormatter(logging.Formatter):
    """Writes a message in one line; a traceback below it keeps its lines. Control characters become visible."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return escaped("\\n".join(super().formatMessage(record).split("\n")))

    def formatException(self, ei: Any) -> str:
        return escaped(super().formatException(ei))


def log_to_stdout(layout: str) -> None:
    """Write every log line to stdout.

    Args:
        layout: of a line, as ``logging.Formatter`` takes it.
    """
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(LogFormatter(layout))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
