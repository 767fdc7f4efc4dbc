"""Runs: the run table, which is also the queue, the workers that execute runs, and the launcher of workers.

A run is a row, a worker is a process, a page only reads. All access to the rows goes through ``Store``;
``fairprog_core.runs.launcher.ensure_workers`` starts the workers that are missing.
"""

from fairprog_core.runs.store import Store
from fairprog_core.runs.table.run import Owner, Run, State

__all__ = ["Owner", "Run", "State", "Store"]
