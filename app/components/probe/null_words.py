"""An empty comment: without a trigger, with the words of controls, and with the trigger at the λ of the slider."""

from app.components.tradeoff import trigger_words
from app.widgets import phrases
from app.widgets.phrases import Phrase
from app.wording import probe as words
from app.wording import tradeoff as shared
from app.wording.shared import common
from fairprog_core.results.gallery_file import Gallery


def show(value: Gallery, *, key: str, channel: str, index: int, null: str, which: int) -> None:
    """Draw the words of every condition.

    Args:
        value: the gallery of a curve.
        key: the component's key.
        channel: of the λ slider that the words follow.
        index: the initial index of λ, until the slider sends one.
        null: name of the null input.
        which: its index among the null inputs.
    """
    is_nearest = bool(value.about.get("is_nearest"))
    names = shared.NEAREST_AT if is_nearest else shared.WORDS_AT
    lams = [common.lam(float(lam)) for lam in value.arrays["lams"]]
    found = [
        Phrase([words.NULL_WITHOUT], [[]]),
        *(Phrase([common.kind(name)], [phrase]) for name, phrase in trigger_words.controls(value).items()),
        Phrase([names.format(lam=lam) for lam in lams], trigger_words.along(value), is_approximate=is_nearest),
    ]
    phrases.show(found, key=key, channel=channel, index=index, nothing=words.NULL_NOTHING)
