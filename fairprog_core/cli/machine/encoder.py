"""``fairprog encoder``: builds the encoder that is shipped under ``assets/encoders``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from fairprog_core.classifiers.encoder.cut_folder import CUT_ENCODER
from fairprog_core.cli.terminal.console import HomeOption, console, open_home, say
from fairprog_core.common.errors import ConfigError, shorten
from fairprog_core.common.files.destination import check_destination
from fairprog_core.common.home import user_path
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS
from fairprog_core.data.base import Dataset

ModelArgument = Annotated[str, typer.Argument(metavar="SOURCE", help="The full model: a folder, or a name on the hub.")]
OutArgument = Annotated[
    Path,
    typer.Argument(parser=user_path, metavar="OUT", help="The folder to write: new, empty, or an encoder of fairprog."),
]
WordsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--words",
        parser=user_path,
        metavar="FILE",
        help="Keep every word of this text file, or its word pieces. Repeatable.",
    ),
]
DataOption = Annotated[
    list[str] | None,
    typer.Option(
        "--data", metavar="DATA", help="Keep every word of this text data set, with its default options. Repeatable."
    ),
]


def encoder(
    source: ModelArgument,
    out: OutArgument,
    layers: Annotated[int, typer.Option(min=1, help="Layers to keep, from the first.")] = 2,
    words: WordsOption = None,
    data: DataOption = None,
    home: HomeOption = None,
) -> None:
    """Cut a small encoder out of a BERT model: its first layers and frequent words, in half precision.

    The same source and words give the same files. A folder that holds anything else is left alone.
    """
    check_destination(out, CUT_ENCODER)
    texts = [*_lines(words or []), *(text for name in data or [] for text in _texts(name, home))]
    from fairprog_core.classifiers.encoder.asset import cut_encoder
    from fairprog_core.classifiers.encoder.folder import find_model

    with console().status("Looking for the model …") as status:
        model = find_model(source, tell=lambda progress: status.update(progress.label))
    cut = cut_encoder(model, out, layers=layers, texts=texts)
    say(f"{out}: {cut.n_entries} entries, {cut.n_words} of them whole words; {cut.n_bytes / 1e6:.1f} MB.")


def _lines(files: list[Path]) -> Iterator[str]:
    """The lines of text files."""
    for path in files:
        try:
            yield from path.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = shorten(error.strerror if isinstance(error, OSError) else error, 60)
            raise ConfigError(f"{shorten(path)} cannot be read as text ({reason}); give words in UTF-8.") from error


def _texts(name: str, home: Path | None) -> Iterator[str]:
    """All texts of a data set, and its identity words."""
    known = [kind for kind, entry in DATASETS.items() if entry.load().modality == "text"]
    if name not in known:
        raise ConfigError(f"{shorten(name, 80)} is no data set of texts; --data takes {', '.join(known)}.")
    dataset: Dataset = build(DATASETS, DATASETS[name].options.parse({}), open_home(home))
    yield from dataset.split("train").x
    yield from dataset.split("test").x
    for group in dataset.identity_words().values():
        yield from sorted(group)
