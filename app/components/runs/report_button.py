"""The button that hands out the report of a run, or of several: one HTML file, made when it is pressed."""

import dataclasses
from collections.abc import Mapping
from typing import cast

import streamlit as st

from app.wording.shared import inside, public
from fairprog_core.common.sharing import sharing
from fairprog_core.results.result import Result, StudyJson

MOST_RUNS = 8  # in one report


def show(results: Mapping[str, Result], *, key: str, names: Mapping[str, str] | None = None) -> None:
    """Draw the button; nothing where no curve is finished.

    Args:
        results: by the id of their run.
        key: of the button.
        names: of the runs in a report of several.
    """
    if not (found := _in_report(results)):
        return
    st.download_button(
        inside.REPORT, lambda: make_report(results, names or {}), file_name=f"fairprog-{next(iter(found))}.html",
        mime="text/html", key=key, on_click="ignore", help=f"{inside.REPORT_HELP} {_part(results)}".rstrip(),
    )  # fmt: skip


def make_report(results: Mapping[str, Result], names: Mapping[str, str]) -> str:
    """The report's HTML; it says how many of the runs it leaves out.

    Args:
        results: by the id of their run.
        names: of the runs, by id.
    """
    from fairprog_core.report.render import render_report  # its template engine is loaded by the first report
    from fairprog_core.results.result import uniquely_named

    found = ((names.get(run) or run, _public(result)) for run, result in _in_report(results).items())
    return render_report(uniquely_named(found), note=_part(results))


def _in_report(results: Mapping[str, Result]) -> dict[str, Result]:
    return dict([(run, result) for run, result in results.items() if result.curves][:MOST_RUNS])


def _part(results: Mapping[str, Result]) -> str:
    """That runs are left out; empty: none is."""
    shown = len(_in_report(results))
    if shown == len(results):
        return ""
    return inside.REPORT_PART.format(shown=shown, runs=len(results), most=MOST_RUNS)


def _public(result: Result) -> Result:
    """The result for others: on a shared server without paths of the server."""
    if not sharing().is_shared:
        return result
    environment = cast(StudyJson, public.json_value(cast(public.Json, result.environment)))
    return dataclasses.replace(result, study=dict(cast(StudyJson, public.saved(result.study))), environment=environment)
