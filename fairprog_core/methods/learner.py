"""What learns a trigger: a gradient where one leads on, else a search."""

from typing import Any, cast

from fairprog_core.methods import ReprogramOptions
from fairprog_core.methods.pseudo_labels import pseudo_labelled
from fairprog_core.methods.reprogram import Reprogram
from fairprog_core.methods.word_search import WordSearch
from fairprog_core.triggers.base import Trigger
from fairprog_core.triggers.hard import Hard


def learner(
    options: ReprogramOptions, *, trigger: Trigger, identity_words: frozenset[str] = frozenset(), **setting: Any
) -> Reprogram | WordSearch:
    """The learner that a trigger asks for, set up.

    Args:
        options: of the method.
        trigger: untrained; learned in place.
        identity_words: words that name a group, in lower case; a search begins near them.
        setting: what both take: classifier, criterion, groups, split, steps, seed, lam, device.
    """
    if options.pseudo_labels:
        setting["split"] = pseudo_labelled(setting["split"], setting["classifier"])
    if trigger.is_searched:
        return WordSearch(options, trigger=cast(Hard, trigger), identity_words=identity_words, **setting)
    return Reprogram(options, trigger=trigger, **setting)
