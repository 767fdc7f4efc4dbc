"""Runs: a table that is also the queue, the workers that carry runs out, and who starts them.

The run is a row, the worker is a process, everybody else only reads. ``Store`` is the only
door to the rows; ``fairprog_core.runs.launcher.ensure_workers`` sees to it that a worker is there.
"""

from fairprog_core.runs.store import Store
from fairprog_core.runs.table.run import Owner, Run, State

__all__ = ["Owner", "Run", "State", "Store"]
