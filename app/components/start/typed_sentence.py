"""Scores the sentence that a visitor types on the page Start, in the explain process of this server."""

from concurrent.futures import CancelledError
from pathlib import Path

import streamlit as st

from app.models.demo import Demo, DemoScores
from app.presenters import intro_demo
from app.state import explain_process
from app.widgets.intro.demo import Typed
from fairprog_core.common.errors import FairprogError
from fairprog_core.common.limits import limits
from fairprog_core.explain.live.request import Arrays, TextScores
from fairprog_core.report.figures import texts
from fairprog_core.results.result import Result
from fairprog_core.results.run_folder import RESULT, base_file

SECONDS = 1.0  # a warm process scores a sentence in less; for what takes longer the browser asks again


def scored(demo: Demo, folder: Path, typed: Typed | None, *, key: str) -> Demo:
    """The demo with the scores of the typed text, or with why there are none; without both while it is computed.

    Args:
        demo: of texts.
        folder: of the study.
        typed: the text; None where nothing was typed. With turn 0 the process only gets ready for what is typed next.
        key: of the input.
    """
    found = _files(folder, (folder / RESULT).stat().st_mtime_ns) if typed else None
    if found is None or typed is None:
        return demo
    request = TextScores(typed.text[: limits().letters], *found)
    try:
        ticket = explain_process.ask(request, key=key).ticket
        if typed.turn == 0 or not ticket.wait(SECONDS):
            return demo
        return {**demo, "typed": _scores(typed.text, ticket.result()), "turn": typed.turn}
    except FairprogError as error:
        return {**demo, "problem": str(error)}
    except CancelledError:  # the page was left and opened again
        return demo


def _scores(text: str, answer: object) -> DemoScores:
    assert isinstance(answer, dict)
    arrays: Arrays = answer
    stops = [arrays["logits_without"], *arrays["logits"]]
    return {
        "text": text,
        "probabilities": [float(texts.probability(each, -1)) for each in stops],
        "control": float(texts.probability(arrays["logits_random_words"], -1)),
    }


@st.cache_data(max_entries=4, show_spinner=False)
def _files(folder: Path, modified: int) -> tuple[Path, Path, tuple[float, ...]] | None:
    """Classifier, trigger and λ-values; None where there is no trigger. A new time stamp invalidates the cache."""
    result = Result.open(folder)
    curve = intro_demo.chosen_curve(result)
    if curve is None or not curve.artifact_name:
        return None
    return base_file(result.folder), curve.artifact, tuple(curve.lams)
