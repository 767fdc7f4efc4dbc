"""Scores the sentence that a visitor types on the page Start, in the explain process of this server."""

from concurrent.futures import CancelledError
from pathlib import Path

import streamlit as st

from app.models.demo import Demo, DemoScores
from app.presenters import intro_demo, texts
from app.state import explain_process
from app.widgets import page
from app.widgets.intro.demo import Typed
from fairprog_core.common.errors import FairprogError
from fairprog_core.common.limits import limits
from fairprog_core.explain.live.request import Arrays, TextScores
from fairprog_core.results.curve import Curve
from fairprog_core.results.result import Result
from fairprog_core.results.run_folder import base_file

FIRST_SECONDS = 1.0  # a warm process scores a sentence in less
SECONDS = 0.3  # between two looks for an answer that takes longer


def scored(demo: Demo, folder: Path, typed: Typed | None, *, key: str) -> Demo:
    """The demo with the scores of the typed text, or with why there are none; an answer that takes long comes later.

    Args:
        demo: of texts.
        folder: of the study.
        typed: the text; None where nothing was typed.
        key: of the input.
    """
    found = _curve(folder) if typed else None
    if found is None or typed is None:
        return demo
    curve, result = found
    request = TextScores(typed.text[: limits().letters], base_file(result.folder), curve.artifact, tuple(curve.lams))
    try:
        ticket = explain_process.ask(request, key=key).ticket
        ticket.wait(FIRST_SECONDS)
        if not ticket.is_over:
            page.fragment(_wait, run_every=SECONDS)(key)
            return demo
        return {**demo, "typed": _scores(typed.text, ticket.result()), "turn": typed.turn}
    except FairprogError as error:
        return {**demo, "problem": str(error)}
    except CancelledError:  # the page was left and opened again
        return demo


def _wait(key: str) -> None:
    """Redraw the page once the answer is there."""
    claim = explain_process.claim_of(key)
    if claim is not None:
        claim.see()
        if claim.ticket.is_over:
            st.rerun(scope="app")


def _scores(text: str, answer: object) -> DemoScores:
    assert isinstance(answer, dict)
    arrays: Arrays = answer
    stops = [arrays["logits_without"], *arrays["logits"]]
    return {
        "text": text,
        "probabilities": [float(texts.probability(each, -1)) for each in stops],
        "control": float(texts.probability(arrays["logits_random_words"], -1)),
    }


def _curve(folder: Path) -> tuple[Curve, Result] | None:
    result = Result.open(folder)
    curve = intro_demo.chosen_curve(result)
    return None if curve is None or not curve.artifact_name else (curve, result)
