"""The words of the trigger at the λ of the slider, and the words of its controls."""

from collections.abc import Mapping

import streamlit as st

from app.models.gallery import control_words, trigger_words
from app.widgets import phrases
from app.widgets.handout import Handout
from app.widgets.phrases import Phrase
from app.wording import tradeoff as words
from app.wording.shared import common
from fairprog_core.report.figures import texts
from fairprog_core.results.gallery_file import Gallery


def show(
    value: Gallery, *, key: str, channel: str, index: int, study: Mapping[str, object], trigger: str, stamp: str
) -> None:
    """Draw the words.

    Args:
        value: the gallery of a curve.
        key: the component's key.
        channel: of the λ slider that the words follow.
        index: the initial index of λ, until the slider sends one.
        study: of the curve, as JSON; as in ``trigger_view.show``.
        trigger: the trigger's name in the study.
        stamp: as in ``trigger_view.show``.
    """
    about = value.about
    is_nearest = bool(about.get("is_nearest"))
    names = words.NEAREST_AT if is_nearest else words.WORDS_AT
    lams = [common.lam(float(lam)) for lam in value.arrays["lams"]]
    found = [
        Phrase([names.format(lam=lam) for lam in lams], along(value), is_approximate=is_nearest, can_copy=True),
        *(Phrase([common.kind(name)], [phrase]) for name, phrase in controls(value).items()),
    ]
    phrases.show(found, key=key, channel=channel, index=index)
    st.markdown(words.PLACES["end" if about.get("position") == "end" else "start"])
    st.markdown(words.NOT_WORDS if is_nearest else words.REAL_WORDS)


def along(value: Gallery) -> list[list[str]]:
    """The trigger's words at every λ (k), safe for the screen."""
    return [[texts.safe(word) for word in phrase] for phrase in trigger_words(value.about)]


def controls(value: Gallery) -> dict[str, list[str]]:
    """The words of each control by its method, safe for the screen."""
    found = control_words(value.about)
    return {name: [texts.safe(word) for word in phrase] for name, phrase in found.items()}


def handout(value: Gallery, index: int) -> Handout:
    """The words at one λ as a plain text file."""
    lam = common.lam(float(value.arrays["lams"][index]))
    label = words.DOWNLOAD_WORDS[bool(value.about.get("is_nearest"))].format(lam=lam)
    phrase = trigger_words(value.about)[index]
    return Handout(label, lambda: " ".join(phrase) + "\n", f"lam-{lam}.txt", "text/plain")
