"""The folder of a reprogrammed model, damaged: it loads and works, or one sentence says why not."""

import json
import random
from pathlib import Path

import fairprog_core as fp
from tests.core.test_reprogram import BRIEF, OWN, TUNE, VALIDATION
from tests.fuzz.harness import Fuzz
from tests.fuzz.mutations import json_text, mutate_bytes, mutate_json, mutate_safetensors
from tests.own_models import SmallNet


def test_folder_of_a_reprogrammed_model(fuzz: Fuzz, tmp_path: Path) -> None:
    model, folder = SmallNet(), tmp_path / "a-model"
    fp.reprogram(model, tune=TUNE, validation=VALIDATION, **BRIEF | {"steps": 2}).save(folder)
    description, trigger = folder / "reprogrammed.json", folder / "trigger.safetensors"
    text, tensors = description.read_text("utf-8"), trigger.read_bytes()

    def mutate(rng: random.Random) -> tuple[bytes | None, bytes | None]:
        """Other bytes for the two files; None: the file is missing."""
        match rng.randrange(8):
            case 0:
                return mutate_bytes(text.encode(), rng), tensors
            case 1:
                return rng.choice(((None, tensors), (text.encode(), None), (tensors, text.encode()), (b"", tensors)))
            case 2:
                return text.encode(), mutate_safetensors(tensors, rng)
            case _:
                return json_text(mutate_json(json.loads(text), rng)).encode(), tensors

    def read(files: tuple[bytes | None, bytes | None]) -> None:
        for path, data in zip((description, trigger), files, strict=True):
            path.unlink(missing_ok=True)
            if data is not None:
                path.write_bytes(data)
        fair = fp.load_reprogrammed(folder, model, device="cpu")
        assert repr(fair)
        assert len(fair.curve) == len(fair.setting.lam.grid)
        assert fair.predict(OWN.x[:2]).shape == (2, 2)

    fuzz("folder of a reprogrammed model", mutate, read, default=60, share=0.3)
