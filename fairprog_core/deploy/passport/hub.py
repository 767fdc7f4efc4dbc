"""Passports in folders and on the Hugging Face hub: written, pushed, and read again."""

import tempfile
from pathlib import Path
from typing import Any

from fairprog_core.classifiers.model_folder import fetch_folder, finish
from fairprog_core.common.errors import ConfigError, ModelError, shorten, shown
from fairprog_core.common.files.destination import Product, check_destination, writing
from fairprog_core.common.home import is_file, user_path
from fairprog_core.deploy.passport.card import has_picture, model_card
from fairprog_core.triggers.passport import Passport

TRIGGER, CARD, PICTURE, WORDS = "trigger.safetensors", "README.md", "trigger.png", "trigger.txt"


def _is_own(folder: Path) -> bool:
    """Whether a folder holds nothing but what `save_pretrained` writes."""
    return is_file(folder / TRIGGER) and {each.name for each in folder.iterdir()} <= {TRIGGER, CARD, PICTURE, WORDS}


FOLDER = Product("a trigger's folder that fairprog wrote", _is_own, is_folder=True)


def save_pretrained(passport: Passport | str | Path, folder: str | Path, *, license_id: str = "unknown") -> Path:
    """Write a folder as it lies on the hub: trigger, model card, and a picture or the words at the chosen λ.

    There is no picture where pixels may be outside of 0 … 1 (``pixels = "tanh"``), and a soft trigger has no words.

    Args:
        passport: or its file.
        folder: new, empty, or written by this function.
        license_id: of the trigger, for the card.

    Raises:
        ConfigError: something else is in the folder, or the file has no passport.
        ArtifactError: a file is damaged, or the folder cannot be written.
    """
    path = user_path(folder)
    with writing(check_destination(path, FOLDER), FOLDER) as part:
        part.mkdir()
        _fill(part, _opened(passport), repo_id="", license_id=license_id)
    return path


def push_to_hub(
    passport: Passport | str | Path,
    repo_id: str,
    *,
    license_id: str = "unknown",
    private: bool | None = None,
    token: str | None = None,
    message: str = "Add a trigger and what was measured of it",
) -> str:
    """Push a trigger with its model card to the Hugging Face hub; the repository is made if it is missing.

    Args:
        passport: or its file.
        repo_id: ``owner/name``.
        license_id: of the trigger, as the hub spells it.
        private: whether a new repository is private; None: as the owner's settings say.
        token: None: the one of `hf auth login` or ``HF_TOKEN``.
        message: of the commit.

    Returns:
        The address of the repository.

    Raises:
        ConfigError: the name is not valid, or the file has no passport.
        ModelError: the hub refuses, or cannot be reached.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HFValidationError

    found = _opened(passport)
    api = HfApi(token=token)
    try:
        with tempfile.TemporaryDirectory(prefix="fairprog-hub-") as folder:
            _fill(Path(folder), found, repo_id=repo_id, license_id=license_id)
            url = api.create_repo(repo_id, private=private, exist_ok=True)
            api.upload_folder(repo_id=repo_id, folder_path=folder, commit_message=message)
    except HFValidationError as error:
        raise ConfigError(f"{shown(repo_id, 80)} is no name on the hub; give owner/name.") from error
    except Exception as error:  # the client raises errors of several libraries
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelError(
            f"The trigger could not be pushed to {shown(repo_id, 80)} ({shorten(lines[0], 120)}); check the name, the "
            "net and your token (hf auth login)."
        ) from error
    return str(url)


def from_pretrained(name: str | Path) -> Passport:
    """A passport from a folder, or from the Hugging Face hub, whose copy is kept in the hub's cache.

    Args:
        name: a folder with ``trigger.safetensors``, a trigger's file, or ``owner/name``.

    Raises:
        ModelError: there is neither such a folder nor such a repository.
        ArtifactError: it holds no trigger, or a damaged one.
        ConfigError: nothing that was measured is written down in it.
    """
    if is_file(file := user_path(name)):
        return Passport.open(file)
    folder = finish(fetch_folder(str(name), advice="give a folder with trigger.safetensors, or owner/name on the hub"))
    return Passport.open(folder / TRIGGER)


def _opened(passport: Passport | str | Path) -> Passport:
    return passport if isinstance(passport, Passport) else Passport.open(passport)


def _fill(folder: Path, passport: Passport, *, repo_id: str, license_id: str) -> None:
    """Write all files into an empty folder."""
    passport.save(folder / TRIGGER)
    (folder / CARD).write_text(str(model_card(passport, repo_id=repo_id, license_id=license_id)), "utf-8")
    trigger: Any = passport.trigger()
    if has_picture(passport):
        (folder / PICTURE).write_bytes(trigger.to_png())
    elif passport.kind == "hard":
        (folder / WORDS).write_text(trigger.to_text() + "\n", "utf-8")
