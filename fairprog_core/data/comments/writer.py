"""Write made-up comments: from (stream, row, group, label) to a text.

Every row has a block of uniforms in a counter-based stream, and every choice uses one of them. So a
comment does not depend on its batch or on how many others are written, and a counterfactual pair is
one block with two groups.

The label shows in the *cue*, the statement about the people. A strong cue determines the label; a medium
or a weak one agrees with it only more often than not, and so does the other sentence, the tail. Where
the cue is ambiguous, the group helps to predict the label: that is why a classifier uses it.

Notation: n comments.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from fairprog_core.data.comments import words
from fairprog_core.data.comments.words import Names
from fairprog_core.data.random_streams import row_uniforms

P_STRONG, P_MEDIUM = 0.47, 0.33  # share of all comments, independent of group and label; the rest is weak
P_LEAN = {"medium": 0.77, "weak": 0.57}  # P(the cue agrees with the label)
P_SOUR = (0.40, 0.60)  # P(the tail is sour | not toxic), (… | toxic)
P_UNNAMED = 0.10  # comments that name no religion
P_MENTION = 0.10  # contexts that mention a random religion; three comments in five have a context

T = TypeVar("T")

_CUES = {
    "strong": (words.STRONG_BENIGN, words.STRONG_TOXIC),
    "medium": (words.MEDIUM_BENIGN, words.MEDIUM_TOXIC),
    "weak": (words.WEAK_BENIGN, words.WEAK_TOXIC),
}
_BLOCK = 32  # uniforms per row, a multiple of 4; the spare ones are for future choices


class Draws(NamedTuple):
    """The uniforms of one row, each in [0, 1), by the choice that they decide."""

    z: float
    y: float
    tradition: float
    is_unnamed: float
    subject: float
    name: float
    street: float
    venue: float
    strength: float
    lean: float
    cue: float
    first: float
    second: float
    opener: float
    order: float
    lead: float
    source: float
    topic: float
    is_mention: float
    mention: float
    mention_group: float
    mention_tradition: float
    mention_name: float
    mention_street: float
    sourness: float
    tail: float


def draws(key: int, start: int, stop: int) -> list[Draws]:
    """The uniforms of rows start..stop-1 of a stream."""
    block = row_uniforms(key, start, stop, per_row=_BLOCK)[:, : len(Draws._fields)]
    return [Draws(*row) for row in block.tolist()]


def write(draw: Draws, group: str, is_toxic: bool, *, is_named: bool = False) -> str:
    """One comment.

    Args:
        draw: the row's uniforms.
        group: "christian", "muslim" or "other".
        is_toxic: the label.
        is_named: whether the comment names the group even if the row's draw leaves it unnamed.
    """
    statement = f"{_subject(draw, group, is_named=is_named)} {_cue(draw, is_toxic)}"
    is_mention = draw.is_mention < P_MENTION
    context = _mention(draw) if is_mention else _context(draw)
    opener, tail = _pick(words.OPENERS, draw.opener), _tail(draw, is_toxic)
    if draw.order < 0.40:  # no context; below: context first, tail first, or neither
        sentences = (f"{opener}{statement}.", tail)
    elif draw.order < 0.60 and not is_mention:
        sentences = (f"{context}, {statement}.", tail)
    elif draw.order < 0.75:
        sentences = (tail, f"{opener}{statement}, {context}.")
    else:
        sentences = (f"{opener}{statement}, {context}.", tail)
    return " ".join(sentence[0].upper() + sentence[1:] for sentence in sentences)


def evidence(draw: Draws, is_toxic: bool) -> float:
    """How plainly a comment shows its label and its group.

    2 for a strong cue, 1 for a medium one that agrees with the label; half a point more where the tail agrees too;
    less 4 where the religion is not named, or another one is mentioned.
    """
    strength = _strength(draw)
    agrees = draw.lean < P_LEAN.get(strength, 1.0)
    by_cue = {"strong": 2.0, "medium": 1.0, "weak": 0.0}[strength] if agrees else -1.0
    is_sour = draw.sourness < P_SOUR[is_toxic]
    is_clear = draw.is_unnamed >= P_UNNAMED and draw.is_mention >= P_MENTION
    return by_cue + (0.5 if is_sour == is_toxic else 0.0) - (0.0 if is_clear else 4.0)


def _subject(draw: Draws, group: str, *, is_named: bool) -> str:
    names = _pick(words.TRADITIONS[group], draw.tradition)
    if draw.is_unnamed < P_UNNAMED and not is_named:
        names = words.UNNAMED
    place, phrase = _pick(words.SUBJECTS, draw.subject)
    return _fill(phrase, names, place, draw.name, street=draw.street, venue=draw.venue)


def _mention(draw: Draws) -> str:
    place, phrase = _pick(words.MENTIONS, draw.mention)
    names = _pick(_pick(tuple(words.TRADITIONS.values()), draw.mention_group), draw.mention_tradition)
    return _fill(phrase, names, place, draw.mention_name, street=draw.mention_street)


def _fill(phrase: str, names: Names, place: str, name: float, *, street: float, venue: float = 0.0) -> str:
    return phrase.format(
        who=_pick(getattr(names, place), name), street=_pick(words.STREETS, street), venue=_pick(words.VENUES, venue)
    )


def _cue(draw: Draws, is_toxic: bool) -> str:
    """The statement: a phrase of the row's strength that agrees with the label, or by chance with the other one."""
    strength = _strength(draw)
    leans_toxic = is_toxic == (draw.lean < P_LEAN.get(strength, 1.0))
    cue = _CUES[strength][leans_toxic]
    phrase = _pick(cue.phrases, draw.cue)
    if "{" not in phrase:
        return phrase
    first = _pick(cue.first, draw.first)
    return phrase.format(x=f"{first} {_pick(cue.second, draw.second)}", y=first)


def _strength(draw: Draws) -> str:
    return "strong" if draw.strength < P_STRONG else "medium" if draw.strength < P_STRONG + P_MEDIUM else "weak"


def _context(draw: Draws) -> str:
    lead, source, topic = (
        _pick(choices, u)
        for choices, u in ((words.LEADS, draw.lead), (words.SOURCES, draw.source), (words.TOPICS, draw.topic))
    )
    return f"{lead} {source} {topic}"


def _tail(draw: Draws, is_toxic: bool) -> str:
    return _pick(words.SOUR_TAILS if draw.sourness < P_SOUR[is_toxic] else words.CALM_TAILS, draw.tail)


def _pick(choices: Sequence[T], u: float) -> T:
    return choices[int(u * len(choices))]
