"""A null picture: without a trigger, with the untrained trigger, and with the trigger at the λ of the slider."""

from app.widgets import pictures
from app.widgets.pictures import PictureCard, PictureCell
from app.wording import probe as words
from fairprog_core.report.figures import overlay
from fairprog_core.results.gallery_file import Gallery


def show(value: Gallery, *, key: str, channel: str, index: int, null: str, which: int) -> None:
    """Draw the null picture; nothing where the gallery has none.

    Args:
        value: the gallery of a curve.
        key: the component's key.
        channel: of the λ slider that the pictures follow.
        index: the initial index of λ, until the slider sends one.
        null: name of the null picture.
        which: its index among the gallery's null pictures.
    """
    arrays = value.arrays
    if "nulls" not in arrays:
        return
    empty, box = arrays["nulls"][which], arrays["photo_box"]
    conditions = {
        words.NULL_WITHOUT: [empty],
        words.NULL_UNTRAINED: [overlay.put_on(empty, arrays["trigger_untrained"], box)],
        words.NULL_WITH: [overlay.put_on(empty, trigger, box) for trigger in arrays["trigger"]],
    }
    cells = []
    for name, found in conditions.items():
        alt = words.NULL_ALT.format(null=words.NULLS.get(null, null), condition=name.lower())
        cells.append(PictureCell(name, [overlay.as_source(overlay.enlarged(each)) for each in found], [""], [alt]))
    pictures.show([PictureCard("", cells)], key=key, channel=channel, index=index, width="16rem")
