"""Some hundred ways to damage the folder of a run, for the pages that read it.

Every one is a function that changes a copied folder in place. Files are replaced, never written into: copies of a
folder may share them.
"""

import json
import os
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tests.fuzz.mutations import DEEP, HUGE, join_safetensors, json_text, split_safetensors

Damage = Callable[[Path], None]
OTHERS: tuple[Any, ...] = (None, 5, "x", [], {}, float("nan"), HUGE, DEEP, [None], "\ud800", -1, True, {"kind": "x"})
STRANGE = (
    "\x1b]0;owned\x07\x1b[2J", "<script>alert(1)</script>", "**bold** [link](http://outside.invalid) $x$ :red[no]",
    "a" * 5000, "\u202egnp.exe", "", "=1+1", "a\nb\tc\x00d", "../../etc/passwd", "λ🙂",
)  # fmt: skip


def damages(folder: Path) -> dict[str, Damage]:
    """Every damage for a folder, by its name; a key and a way for each place of the result."""
    return dict((*_results(folder), *_meanings(folder), *_files(folder), *_contents(folder)))


def replace(file: Path, data: bytes) -> None:
    """Other content in a new file."""
    file.unlink()
    file.write_bytes(data)


def change(how: Callable[[dict[str, Any]], object]) -> Damage:
    """A damage that changes the values of ``result.json``."""

    def damage(folder: Path) -> None:
        file = folder / "result.json"
        values = json.loads(file.read_text("utf-8"))
        how(values)
        replace(file, json_text(values).encode())

    return damage


PARTS: dict[str, Callable[[dict[str, Any]], list[dict[str, Any]]]] = {
    "": lambda found: [found],
    "study.": lambda found: [found["study"]],
    "base.": lambda found: [found["base"]],
    "point.": lambda found: found["points"],
    "curve.": lambda found: found["curves"],
    "explain.": lambda found: [curve["explain"] for curve in found["curves"]],
    "probe.": lambda found: [curve["probe"] for curve in found["curves"]],
}


def _results(folder: Path) -> Iterator[tuple[str, Damage]]:
    """Every key of the result and of its parts: removed, and with values of two other types."""
    values = json.loads((folder / "result.json").read_text("utf-8"))
    others = cycle(OTHERS)
    for part, rows in PARTS.items():
        for key in rows(values)[0]:
            if part in ("base.", "point.") and key.endswith("_ci") and key != "accuracy_ci":
                continue
            yield (
                f"{part}{key} removed",
                change(lambda found, rows=rows, key=key: [row.pop(key) for row in rows(found)]),
            )
            for other in (next(others), next(others)):
                yield f"{part}{key} = {str(other)[:12]!r}", change(_set(rows, key, other))


def _set(
    rows: Callable[[dict[str, Any]], list[dict[str, Any]]], key: str, value: Any
) -> Callable[[dict[str, Any]], object]:
    return lambda found: [row.update({key: value}) for row in rows(found)]


def _meanings(folder: Path) -> Iterator[tuple[str, Damage]]:
    """Values of the right type that nobody expects."""
    for text in STRANGE:
        short = ascii(text)[1:13]
        yield f"name {short}", change(lambda found, text=text: found["study"].update(name=text))
        yield f"labels {short}", change(lambda found, text=text: found.update(labels=[text] * len(found["labels"])))
        yield f"groups {short}", change(lambda found, text=text: found.update(groups=[text] * len(found["groups"])))
    for part in ("dataset", "classifier"):
        yield f"unknown {part}", change(lambda found, part=part: found["study"].update({part: {"kind": "unheard"}}))
    for part in ("methods", "triggers", "criteria"):
        yield f"unknown {part}", change(lambda found, part=part: found["study"].update({part: [{"kind": "unheard"}]}))
    for name in ("method", "trigger", "criterion"):
        yield (
            f"curve of an unknown {name}",
            change(
                lambda found, name=name: [row.update({name: "unheard"}) for row in (*found["curves"], *found["points"])]
            ),
        )
    yield "text instead of pictures", change(lambda found: found["study"].update(dataset={"kind": "comments"}))
    yield "pictures instead of text", change(lambda found: found["study"].update(dataset={"kind": "faces"}))
    yield "no curves", change(lambda found: found.update(curves=[]))
    yield "no points", change(lambda found: found.update(points=[]))
    yield "twice the curves", change(lambda found: found["curves"].extend(found["curves"]))
    yield "other keys", change(lambda found: [curve.update(key="../../x") for curve in found["curves"]])
    yield "a key of markup", change(lambda found: [curve.update(key="<b>*x*") for curve in found["curves"]])
    yield (
        "a hundred curves",
        change(lambda found: found["curves"].extend([found["curves"][0] | {"key": f"c{i}"} for i in range(100)])),
    )


def _files(folder: Path) -> Iterator[tuple[str, Damage]]:
    """Every file: missing, empty, another one, half, a link out, a loop, a pipe, a folder."""
    names = [str(file.relative_to(folder)) for file in sorted(folder.rglob("*")) if file.is_file()]
    early = change(_as_early)  # so that the pages read the predictions
    for name in names:

        def damaged(how: Callable[[Path], object], name: str = name) -> Damage:
            def damage(folder: Path) -> None:
                if name.endswith(".parquet"):
                    early(folder)
                how(folder / name)

            return damage

        other = next(each for each in reversed(names) if each.rpartition(".")[2] != name.rpartition(".")[2])
        yield f"{name} missing", damaged(Path.unlink)
        yield f"{name} empty", damaged(lambda file: replace(file, b""))
        yield f"{name} half", damaged(lambda file: replace(file, file.read_bytes()[: file.stat().st_size // 2]))
        yield f"{name} is {other}", damaged(lambda file, other=other: replace(file, (folder / other).read_bytes()))
        yield f"{name} is a link out", damaged(lambda file: (file.unlink(), file.symlink_to("/etc/hostname")))
        yield f"{name} is a loop", damaged(lambda file: (file.unlink(), file.symlink_to(file.name)))
        yield f"{name} is a pipe", damaged(lambda file: (file.unlink(), os.mkfifo(file)))
        yield f"{name} is a folder", damaged(lambda file: (file.unlink(), file.mkdir()))
    for name in ("curves", "base"):
        yield f"{name} missing", lambda folder, name=name: (folder / name).rename(folder / "elsewhere")
        yield f"{name} is a file", lambda folder, name=name: (
            (folder / name).rename(folder / "elsewhere"), (folder / name).write_text("x")
        )  # fmt: skip


def _contents(folder: Path) -> Iterator[tuple[str, Damage]]:
    """Galleries without one array or one part of their description; predictions with fewer rows or columns."""
    gallery = str(next(folder.glob("curves/*/gallery.safetensors")).relative_to(folder))
    header, _ = split_safetensors((folder / gallery).read_bytes())
    about = json.loads(header["__metadata__"]["fairprog"])
    for name in header:
        yield f"gallery without {name}", _gallery(gallery, lambda header, _, name=name: header.pop(name))
        yield f"gallery, {name} renamed", _gallery(gallery, lambda header, _, name=name: _rename(header, name))
    for name in about:
        yield f"gallery's {name} removed", _gallery(gallery, lambda _, about, name=name: about.pop(name))
        yield f"gallery's {name} = []", _gallery(gallery, lambda _, about, name=name: about.update({name: []}))
    for name in about.get("trigger_words", ()):
        words = _gallery(gallery, lambda _, about, name=name: about["trigger_words"].pop(name))
        yield f"gallery without the words {name}", words
    for name in ("base/predictions.parquet", str(next(folder.glob("curves/*/lam-*.parquet")).relative_to(folder))):
        for n in (0, 7):
            yield f"{name} with {n} rows", _table(name, lambda table, n=n: table.slice(0, n))
        for column in ("y", "z", "logit_0"):
            yield f"{name} without {column}", _table(name, lambda table, column=column: table.drop_columns([column]))


def _rename(header: dict[str, Any], name: str) -> None:
    header[f"{name}x"] = header.pop(name) if name != "__metadata__" else {"x": "y"}


def _gallery(name: str, how: Callable[[dict[str, Any], dict[str, Any]], object]) -> Damage:
    """A damage of the header and the description of a gallery."""

    def damage(folder: Path) -> None:
        header, body = split_safetensors((folder / name).read_bytes())
        about = json.loads(header["__metadata__"]["fairprog"])
        how(header, about)
        if "fairprog" in header.get("__metadata__", {}):
            header["__metadata__"]["fairprog"] = json_text(about)
        replace(folder / name, join_safetensors(header, body))

    return damage


def _table(name: str, how: Callable[[Any], Any]) -> Damage:
    def damage(folder: Path) -> None:
        change(_as_early)(folder)
        table = pq.ParquetFile(folder / name).read()
        (folder / name).unlink()
        pq.write_table(how(table), folder / name)

    return damage


def _as_early(found: dict[str, Any]) -> None:
    """As an early version wrote it: the pages compute these tables from the predictions."""
    for point in (found["base"], *found["points"]):
        for name in ("group_rates", "changes", "levelling"):
            point.pop(name, None)
