"""A run as one file: a zip of everything, its result, or a table of its points."""

import dataclasses
import json
import zipfile
from pathlib import Path

from fairprog_core.common.errors import ConfigError, RunError
from fairprog_core.common.home import replacing
from fairprog_core.metrics.summaries import points_csv
from fairprog_core.results.result import Result
from fairprog_core.results.run_folder import RESULT, is_inside
from fairprog_core.runs.store import Store
from fairprog_core.runs.table.run import NOT_EXPORTED, Run


def export_run(store: Store, run: Run, path: Path) -> None:
    """Write a run into a file; the file's ending chooses the format.

    Args:
        store: the store that holds the run.
        run: any run; .json and .csv need a result, which may be partial.
        path: .zip: row, records and artifact folder, without checkpoints. .json: the result.
            .csv: one line per point of the result.

    Raises:
        ConfigError: the file has another ending.
        RunError: the run has no result yet.
    """
    makers = {".zip": _zip, ".json": _json, ".csv": _csv}
    if path.suffix.lower() not in makers:
        raise ConfigError(f"{path.name} must end in {', '.join(makers)}.")
    with replacing(path.absolute()) as part:
        makers[path.suffix.lower()](store, run, part)


def _zip(store: Store, run: Run, path: Path) -> None:
    hidden = NOT_EXPORTED if run.damage else NOT_EXPORTED | {"damage"}
    row = {key: value for key, value in dataclasses.asdict(run).items() if key not in hidden}
    records = "".join(json.dumps(record) + "\n" for record in store.records(run.id))
    folder = store.home.run(run.id)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{run.id}/run.json", json.dumps(row, indent=2))
        archive.writestr(f"{run.id}/records.jsonl", records)
        for file in sorted(folder.rglob("*")):
            if not is_inside(folder, file):  # a link in a copied run must not hand out other files
                continue
            if file.is_file() and not file.name.startswith(("checkpoint", ".")):
                archive.write(file, f"{run.id}/{file.relative_to(folder).as_posix()}")


def _folder(store: Store, run: Run) -> Path:
    folder = store.home.run(run.id)
    if not (folder / RESULT).is_file() or not is_inside(folder, folder / RESULT):
        raise RunError(f"Run {run.id} is {run.state} and has no result yet.")
    return folder


def _json(store: Store, run: Run, path: Path) -> None:
    path.write_bytes((_folder(store, run) / RESULT).read_bytes())


def _csv(store: Store, run: Run, path: Path) -> None:
    result = Result.open(_folder(store, run))
    path.write_text(points_csv([result.base, *result.points]), "utf-8")
