"""Starts a worker and waits for its end; when it ended by an error, becomes the process that follows, see ``restart``.

The launcher starts this file as a script, outside the package: it needs only the standard library and a few megabytes,
so that it is there when a worker ends because memory or threads are short, or because a plug-in ended it. Arguments: a
file for the exit code, the worker's command, "--", and the command that follows.
"""

import os
import subprocess
import sys
from pathlib import Path


def main(exit_file: Path, worker_command: list[str], after: list[str]) -> None:
    """Print the worker's process id, wait for it, and become the second command when its exit code is not 0."""
    worker = subprocess.Popen(worker_command, stdin=subprocess.DEVNULL, stdout=2, stderr=2, start_new_session=True)
    os.write(1, b"%d\n" % worker.pid)
    os.dup2(2, 1)  # the launcher has what it waits for; further output goes to the log
    code = worker.wait()
    if code and exit_file.parent.is_dir():  # else the home was removed
        exit_file.write_text(str(code), "utf-8")
        os.execv(after[0], after)


if __name__ == "__main__":
    border = sys.argv.index("--")
    main(Path(sys.argv[1]), sys.argv[2:border], sys.argv[border + 1 :])
