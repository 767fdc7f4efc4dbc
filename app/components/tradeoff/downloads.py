"""Download buttons of Trade-off: most files are read only when a button is pressed."""

import json
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from app.components.tradeoff import trigger_view, trigger_words
from app.models import saved_study
from app.state import artifacts
from app.wording import tradeoff as words
from app.wording.shared import common, public
from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.sharing import sharing
from fairprog_core.metrics.summaries import points_csv
from fairprog_core.results.curve import Curve
from fairprog_core.results.result import Result
from fairprog_core.results.run_folder import RESULT
from fairprog_core.results.trained import make_passport

_AT_ONE_LAM = {"image": trigger_view.handout, "text": trigger_words.handout}


def show(value: Result, *, key: str, curve: Curve, index: int) -> None:
    """Draw the buttons for a result and for one of its curves.

    Args:
        value: the result.
        key: beginning of the buttons' keys.
        curve: the curve whose trigger can be downloaded.
        index: of λ.
    """
    name, run = curve.key, value.folder.name
    points, result = f"{run}-points.csv", f"{run}-result.json"
    _button(words.DOWNLOAD_POINTS, lambda: points_csv([value.base, *value.points]), points, "text/csv", f"{key}-csv")
    _button(words.DOWNLOAD_RESULT, lambda: _result(value), result, "application/json", f"{key}-json")
    try:
        label, file, data = _learned(value, curve, index)
        if file.is_file():
            _button(label, data, f"{name}.safetensors", "application/octet-stream", f"{key}-trigger")
    except ArtifactError as error:  # the path leads out of the folder
        st.info(common.plain(str(error)))
    gallery = artifacts.gallery(value, name)
    if gallery:
        found = _AT_ONE_LAM[saved_study.modality(value.study)](gallery, index)
        _button(found.label, found.data, f"{name}-{found.file}", found.mime, f"{key}-picture")


def _result(result: Result) -> bytes:
    """The file of the result; on a shared server without paths of the server."""
    data = (result.folder / RESULT).read_bytes()
    return json.dumps(public.json_value(json.loads(data)), indent=2).encode() if sharing().is_shared else data


def _learned(result: Result, curve: Curve, index: int) -> tuple[str, Path, Callable[[], bytes]]:
    """Label, path and content of what was learned: the weights at this λ, else one file for all λ, or a passport."""
    point = result.points_of(curve)[index]
    if weights := point.artifacts.get("weights"):
        file = result.path(weights)
        return words.DOWNLOAD_WEIGHTS.format(lam=common.lam(point.lam or 0.0)), file, file.read_bytes
    if curve.trigger:
        return words.DOWNLOAD_TRIGGER, curve.artifact, lambda: _passport(result, curve)
    return words.DOWNLOAD_LEARNED, curve.artifact, curve.artifact.read_bytes


def _passport(result: Result, curve: Curve) -> bytes:
    """The trigger's file with what was measured; without that where files of the run are missing or damaged."""
    try:
        return make_passport(result, curve).to_bytes()
    except ArtifactError:
        return curve.artifact.read_bytes()


def _button(label: str, data: Callable[[], str | bytes], file: str, mime: str, key: str) -> None:
    st.download_button(label, data, file_name=file, mime=mime, key=key, on_click="ignore")
