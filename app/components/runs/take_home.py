"""What a visitor takes along from a page of a run: its report, and the whole run as a zip."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from app.components.runs import report_button
from app.state import run_store
from app.wording.shared import inside
from fairprog_core.common.sharing import sharing
from fairprog_core.results.result import Result


def show(results: Mapping[str, Result], *, key: str, names: Mapping[str, str] | None = None) -> None:
    """Draw the buttons, in the row that is open.

    Args:
        results: by the id of their run; the first one is the page's own.
        key: beginning of the buttons' keys.
        names: of the runs in a report of several.
    """
    report_button.show(results, key=f"{key}.report", names=names)
    run_id = next(iter(results), None)
    if run_id is not None and not run_store.is_demo(run_id) and not sharing().is_shared:  # a run's files hold paths
        st.download_button(
            inside.WHOLE_RUN, lambda: _zip(run_id), file_name=f"fairprog-{run_id}.zip", mime="application/zip",
            key=f"{key}.zip", on_click="ignore", help=inside.WHOLE_RUN_HELP,
        )  # fmt: skip


def _zip(run_id: str) -> bytes:
    from fairprog_core.runs.exchange.export import export_run

    store = run_store.store()
    with tempfile.TemporaryDirectory(prefix="fairprog-export-") as scratch:
        path = Path(scratch) / "run.zip"
        export_run(store, store.get(run_id), path)
        return path.read_bytes()
