"""How long the form of the page Train checks what is typed, for inputs that are meant to be slow: ``form_cost.py``.

The page checks at every redraw; the goal is at most 50 ms whatever is typed.
"""

import json
import time
from functools import partial

from app.components.train import study_form
from app.widgets.form import inputs
from app.widgets.form.field import field_of
from app.widgets.form.fields import FormValues
from fairprog_core.common.errors import ConfigError
from fairprog_core.study import Study
from fairprog_core.study.cost import expected_seconds
from fairprog_core.study.lam_options import LamOptions
from fairprog_core.study.settings import command

Texts = dict[str, str]  # by the key of the field that they are typed into
_JSON = {"lam.per", "transfer"}  # fields that take JSON


def read(texts: Texts) -> FormValues:
    """What the form makes of texts."""
    values: FormValues = {}
    lam: FormValues = {}
    for key, text in texts.items():
        cls, name, target = (LamOptions, key[4:], lam) if key.startswith("lam.") else (Study, key, values)
        field = field_of(name, cls.model_fields[name])
        parse = partial(inputs.read_json, field, empty={}) if key in _JSON else partial(inputs.read_list, field)
        target[name] = inputs.read(field, text, parse)
    return values | ({"lam": lam} if lam else {})


def meant_to_be_slow() -> dict[str, Texts]:
    """Texts by the name of their trial."""

    def seeds(n: int) -> str:
        return ",".join(map(str, range(n)))

    def grid(n: int) -> str:
        return ",".join(f"{i / n * 20:.7g}" for i in range(n))

    def bases(n: int) -> str:
        return json.dumps([{"base_seed": i + 1} for i in range(n)], separators=(",", ":"))

    return {
        "one seed": {"seeds": "0"},
        "1,000 seeds": {"seeds": seeds(1000)},
        "2,000 seeds": {"seeds": seeds(2000)},
        "200,000 seeds": {"seeds": seeds(200_000)},
        "5,000 seeds that are words": {"seeds": "a," * 5000},
        "5,000 seeds that are one": {"seeds": "1," * 5000},
        "1,000 values of λ": {"lam.grid": grid(1000)},
        "100,000 values of λ": {"lam.grid": grid(100_000)},
        "1,000 seeds, 1,000 values of λ and 100 other bases": {
            "seeds": seeds(1000), "lam.grid": grid(1000), "transfer": bases(100),
        },
        "1,300 shares of the tuning data": {"tuning_ratio": ",".join(f"{(i + 1) / 1500:.4g}" for i in range(1300))},
        "a list in a list, 5,000 deep": {"lam.per": "[" * 5000 + "]" * 5000},
        "integers of 9,000 digits": {"lam.per": "9" * 9000, "seeds": "9" * 9000, "lam.grid": "9" * 9000},
        "500 ranges of λ": {"lam.per": json.dumps({f"k{i}": {"low": 1} for i in range(500)})},
        "500 other bases": {"transfer": bases(500)},
        "2,500 other bases that are the same": {"transfer": json.dumps([{}] * 2500)},
        "5 million letters": {"lam.per": "x" * 5_000_000},
    }  # fmt: skip


def check(texts: Texts) -> Study | ConfigError:
    """What the page computes at every redraw: the study, its cost and its command, or the error."""
    found = study_form.check(read(texts))
    if isinstance(found, Study):
        for way in (False, True):
            expected_seconds(found, trains_base=way)
        command(found, "faces")
    return found


def milliseconds(texts: Texts) -> tuple[float, str]:
    """The time that the check takes of a processor, and what came of it."""
    start = time.thread_time()
    found = check(texts)
    took = (time.thread_time() - start) * 1000
    return took, f"{found.n_curves():,} curves" if isinstance(found, Study) else str(found)


def main() -> None:
    """Print a line per input; the time is the best of three."""
    milliseconds({})  # loads the presets
    for name, texts in meant_to_be_slow().items():
        took, found = min(milliseconds(texts) for _ in range(3))
        print(f"{took:8.1f} ms  {name}: {found}")


if __name__ == "__main__":
    main()
