"""MLflow: parameters, metrics and files in the experiment ``fairprog``, or in that of ``MLFLOW_EXPERIMENT_NAME``.

``MLFLOW_TRACKING_URI`` says where; without it MLflow writes ``mlflow.db`` into the working directory.
"""

import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # nobody asked for a call outside
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # a server that is gone must not hold the training up
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "15")

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run
from mlflow.store.entities import PagedList

from fairprog_core.common.process.version import VERSION
from fairprog_core.trackers import End

RUN_TAG, VERSION_TAG = "fairprog.run", "fairprog.version"
_MOST_AT_ONCE = 500  # metrics or letters that MLflow takes: 1,000 and 6,000
_MOST_LETTERS = 6000
_STATES: dict[End, str] = {"done": "FINISHED", "failed": "FAILED", "cancelled": "KILLED"}


class MlflowTracker:
    """A run in MLflow."""

    def __init__(self, *, name: str, run_id: str, settings: Mapping[str, str]) -> None:
        for quiet in ("alembic", "mlflow"):
            logging.getLogger(quiet).setLevel(logging.WARNING)
        self.client = MlflowClient()
        self.run_id = self._find_or_create(name, run_id)
        self._waiting: list[Metric] = []
        params = [Param(key, value[:_MOST_LETTERS]) for key, value in settings.items()]
        for start in range(0, len(params), 100):
            self.client.log_batch(self.run_id, params=params[start : start + 100])

    def _find_or_create(self, name: str, run_id: str) -> str:
        """The id of MLflow's run for this run; one that goes on is running again."""
        experiment = os.environ.get("MLFLOW_EXPERIMENT_NAME", "fairprog")
        known = self.client.get_experiment_by_name(experiment)
        experiment_id = known.experiment_id if known else self.client.create_experiment(experiment)
        found: PagedList[Run] = self.client.search_runs(
            [experiment_id], f"tags.`{RUN_TAG}` = '{run_id}'", max_results=1
        )
        if found:
            self.client.update_run(found[0].info.run_id, status="RUNNING")
            return str(found[0].info.run_id)
        tags = {RUN_TAG: run_id, VERSION_TAG: VERSION}
        return str(self.client.create_run(experiment_id, run_name=f"{name} {run_id}", tags=tags).info.run_id)

    def log(self, values: Mapping[str, float], step: int) -> None:
        now = int(time.time() * 1000)
        self._waiting += (Metric(key, value, now, step) for key, value in values.items())
        if len(self._waiting) >= _MOST_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        while self._waiting:
            sent, self._waiting = self._waiting[:_MOST_AT_ONCE], self._waiting[_MOST_AT_ONCE:]
            self.client.log_batch(self.run_id, metrics=sent)

    def keep(self, file: Path) -> None:
        self.client.log_artifact(self.run_id, str(file))

    def close(self, end: End) -> None:
        self.flush()
        self.client.set_terminated(self.run_id, _STATES[end])
