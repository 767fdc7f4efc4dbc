"""A run as one file: a zip of everything, its result, or a table of its points."""

import dataclasses
import json
import zipfile
from pathlib import Path

from fairprog_core.common.errors import ConfigError, RunError
from fairprog_core.common.files.destination import Product, check_destination, has_header, has_schema, writing
from fairprog_core.metrics.summaries import SAME_CURVE, points_csv
from fairprog_core.results.result import Result
from fairprog_core.results.run_folder import RESULT, is_inside
from fairprog_core.runs.store import Store
from fairprog_core.runs.table.run import NOT_EXPORTED, Run


def _is_exported(path: Path) -> bool:
    """Whether a zip holds an exported run and nothing else."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return False
    tops = {name.partition("/")[0] for name in names}
    return len(tops) == 1 and {f"{tops.copy().pop()}/{name}" for name in ("run.json", "records.jsonl")} <= set(names)


RESULT_FILE = Product("a result that fairprog wrote", has_schema("fairprog.study", "fairprog.series"))
_ZIP = Product("a run that fairprog exported", _is_exported)
_CSV = Product("a table that fairprog exported", has_header(",".join((*SAME_CURVE, "lam", "seed", "n"))))


def export_run(store: Store, run: Run, path: Path) -> None:
    """Write a run into a file; the file's ending chooses the format.

    Args:
        store: the store that holds the run.
        run: any run; .json and .csv need a result, which may be partial.
        path: .zip: row, records and artifact folder, without checkpoints. .json: the result.
            .csv: one line per point of the result.

    Raises:
        ConfigError: the file has another ending, or something else than such a file is there.
        ArtifactError: it cannot be written.
        RunError: the run has no result yet.
    """
    makers = {".zip": (_zip, _ZIP), ".json": (_json, RESULT_FILE), ".csv": (_csv, _CSV)}
    if path.suffix.lower() not in makers:
        raise ConfigError(f"{path.name} must end in {', '.join(makers)}.")
    write, product = makers[path.suffix.lower()]
    with writing(check_destination(path, product), product) as part:
        write(store, run, part)


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
