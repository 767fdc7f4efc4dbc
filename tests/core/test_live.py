"""Live explanations: answers, errors, cache, and a process that never outlives its parent."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from PIL import Image

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.classifiers.base import Classifier, freeze, save_classifier
from fairprog_core.common.errors import ArtifactError, DataError
from fairprog_core.common.registry import build
from fairprog_core.explain.image.grad_cam import GradCam, normalise
from fairprog_core.explain.live.decode import decode
from fairprog_core.explain.live.process import CONDITIONS, ExplainProcess, Request
from fairprog_core.triggers import TRIGGERS
from fairprog_core.triggers.image import ImageTrigger

S = 32
PHOTO = np.random.default_rng(0).integers(0, 256, (S, S, 3)).astype(np.uint8)
SERVER = """
import sys, time
from pathlib import Path
import numpy as np
from fairprog_core.explain.live.process import ExplainProcess, Request

print("main was run", flush=True)
process = ExplainProcess()
process.explain(Request(np.zeros((8, 8, 3), np.uint8), Path(sys.argv[1]), Path(sys.argv[2]), 1.0))
print("torch" in sys.modules, process.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("live")
    torch.manual_seed(0)
    classifier: Classifier = build(CLASSIFIERS, CLASSIFIERS["residual_net"].options(), n_classes=2, image_size=S)
    save_classifier(classifier, folder / "base.safetensors")
    trigger: ImageTrigger = build(TRIGGERS, TRIGGERS["border"].options(), anchor_lams=(0.0, 10.0), image_size=S)
    trigger.save(folder / "trigger.safetensors")
    return folder / "base.safetensors", folder / "trigger.safetensors"


@pytest.fixture(scope="module")
def process() -> Iterator[ExplainProcess]:
    process = ExplainProcess()
    yield process
    process.close()


@pytest.fixture
def request_(files: tuple[Path, Path]) -> Request:
    return Request(PHOTO, *files, lam=2.0)


def pid(process: ExplainProcess) -> int:
    assert process.pid is not None
    return process.pid


def is_gone_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False


def png(size: tuple[int, int], mode: str = "RGB", colour: object = 200) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, colour).save(file, "PNG")  # type: ignore[arg-type]
    return file.getvalue()


def test_grad_cam_of_a_picture_equals_the_library_call(process: ExplainProcess, request_: Request):
    from fairprog_core.classifiers.base import read_classifier
    from fairprog_core.triggers.base import load_trigger

    found = process.explain(request_)
    classifier = freeze(read_classifier(request_.classifier, CLASSIFIERS)[0])
    x = torch.from_numpy(PHOTO).permute(2, 0, 1)[None].float() / 255
    expected = GradCam().explain(load_trigger(request_.trigger).wrap(classifier, lam=2.0), x)
    np.testing.assert_array_equal(found["photo"], PHOTO)
    np.testing.assert_allclose(found["logits_with"], expected.logits[0], atol=1e-5)
    np.testing.assert_allclose(found["map_with"] / 255, normalise(expected.maps)[0], atol=0.01)
    for name in CONDITIONS:
        assert found[f"picture_{name}"].shape == (S, S, 3)
        assert found[f"map_{name}"].dtype == np.uint8
    np.testing.assert_array_equal(found["picture_without"], PHOTO)


def test_integrated_gradients_come_with_their_convergence(process: ExplainProcess, request_: Request):
    baseline = np.full((S, S, 3), 128, dtype=np.uint8)
    found = process.explain(request_._replace(method="integrated_gradients", baseline=baseline))
    for name in CONDITIONS:
        assert found[f"map_{name}"].shape == (S, S)
        assert found[f"map_{name}"].dtype == np.int8
        assert found[f"steps_{name}"] >= 32
        assert {f"delta_{name}", f"converged_{name}"} <= found.keys()


def test_chosen_class_is_explained(process: ExplainProcess, request_: Request):
    assert [process.explain(request_._replace(target=one))["target_with"] for one in (0, 1)] == [0, 1]


def test_same_content_is_answered_once(process: ExplainProcess, request_: Request):
    assert process.submit(request_).answer is process.submit(request_._replace(picture=PHOTO.copy())).answer
    assert process.submit(request_).answer is not process.submit(request_._replace(lam=2.5)).answer


def test_only_so_many_answers_are_kept(process: ExplainProcess, request_: Request, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(process, "kept", 2)
    for lam in (1.0, 2.0, 3.0):
        process.explain(request_._replace(lam=lam))
    assert len(process._jobs) == 2


def test_one_process_answers_everything(process: ExplainProcess, request_: Request):
    process.explain(request_)
    before = pid(process)
    process.explain(request_._replace(lam=7.0))
    assert pid(process) == before


def test_errors_come_back_as_sentences(process: ExplainProcess, request_: Request):
    with pytest.raises(DataError, match="no readable PNG, JPEG or WebP picture"):
        process.explain(request_._replace(picture=b"GIF89a"))
    with pytest.raises(ArtifactError, match="No classifier at"):
        process.explain(request_._replace(classifier=Path("nowhere.safetensors")))
    with pytest.raises(DataError, match="choose one of grad_cam, integrated_gradients"):
        process.explain(request_._replace(method="lime"))
    assert process.explain(request_)["photo"].shape == (S, S, 3)


def test_changed_file_is_read_again(process: ExplainProcess, request_: Request, tmp_path: Path):
    path = tmp_path / "trigger.safetensors"
    pictures = []
    for seed in (0, 1):
        build(TRIGGERS, TRIGGERS["border"].options(), anchor_lams=(0.0, 10.0), image_size=S, seed=seed).save(path)
        os.utime(path, ns=(seed, seed))
        pictures.append(process.explain(request_._replace(trigger=path))["picture_with"])
    assert (pictures[0] != pictures[1]).any()


def test_killed_process_is_replaced(process: ExplainProcess, request_: Request):
    process.explain(request_)
    before = pid(process)
    os.kill(before, signal.SIGKILL)
    assert is_gone_within(before, 10)
    assert process.explain(request_._replace(lam=5.5))["photo"].shape == (S, S, 3)
    assert pid(process) != before


def test_idle_process_leaves_and_comes_back(request_: Request):
    idle = ExplainProcess(idle_seconds=0.3)
    try:
        idle.explain(request_)
        started = pid(idle)
        assert is_gone_within(started, 10)
        assert "photo" in idle.explain(request_._replace(lam=3.25))
    finally:
        idle.close()


def test_killed_server_leaves_no_process_and_its_main_is_not_run_again(files: tuple[Path, Path], tmp_path: Path):
    """The server's script says once that it was run; after SIGKILL its explain process ends by itself."""
    script = tmp_path / "server.py"
    script.write_text(SERVER)
    command = [sys.executable, str(script), *map(str, files)]
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline().strip() == "main was run"
            has_torch, child = server.stdout.readline().split()
            assert has_torch == "False"
            assert psutil.pid_exists(int(child))
        finally:
            server.kill()
    assert is_gone_within(int(child), 10)


def test_picture_is_cut_to_its_middle_square_and_scaled():
    """Left and right quarter of a 40 × 20 picture are black: the middle square is white."""
    wide = np.zeros((20, 40, 3), dtype=np.uint8)
    wide[:, 10:30] = 255
    assert decode(wide, 16).min() > 200
    assert decode(png((30, 50)), 16).shape == (16, 16, 3)


@pytest.mark.parametrize("orientation", [1, 6])
def test_grey_picture_of_16_bits_is_scaled_to_8(orientation):
    """A ramp from 0 to 65535 becomes one from 0 to 255; 6 means: turned a quarter to the right."""
    ramp = np.linspace(0, 65535, 16 * 16).round().astype(np.uint16).reshape(16, 16)
    about = Image.Exif()
    about[0x0112] = orientation
    Image.fromarray(ramp).save(file := io.BytesIO(), "PNG", exif=about)
    expected = ramp if orientation == 1 else np.rot90(ramp, -1)
    assert np.abs(decode(file.getvalue(), 16) - expected[:, :, None] / 257).max() <= 0.5


def test_transparent_parts_lie_on_white():
    assert (decode(png((8, 8), "RGBA", (0, 0, 0, 0)), 8) == 255).all()


def test_grey_and_palette_pictures_are_taken():
    assert (decode(png((8, 8), "L"), 8) == 200).all()
    assert decode(png((8, 8), "P"), 8).shape == (8, 8, 3)


def test_grey_of_sixteen_bits_is_scaled_and_not_cut():
    """0, 1/4, 1/2 and all of the range."""
    file = io.BytesIO()
    Image.fromarray(np.array([[0, 16384], [32768, 65535]], dtype=np.uint16)).save(file, "PNG")
    assert decode(file.getvalue(), 2)[..., 0].tolist() == [[0, 64], [128, 255]]


def test_picture_is_turned_upright():
    """The camera lay on its side: the left half of the file is the upper half of the picture."""
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.repeat(np.array([[255, 0]], dtype=np.uint8), 2, 0)).save(file, "PNG", exif=exif)
    assert decode(file.getvalue(), 2)[..., 0].tolist() == [[255, 255], [0, 0]]


@pytest.mark.parametrize("picture", [b"", b"\x89PNG\r\n\x1a\n", png((9, 9))[:40]])
def test_damaged_picture_says_what_to_do(picture: bytes):
    with pytest.raises(DataError, match="choose another one"):
        decode(picture, 8)


def test_huge_picture_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FAIRPROG_MAX_PIXELS", "99")
    with pytest.raises(DataError, match="10 × 10 pixels"):
        decode(png((10, 10)), 8)


def test_wrong_pixels_say_what_was_found():
    with pytest.raises(DataError, match="float64"):
        decode(np.zeros((4, 4, 3)), 8)  # type: ignore[arg-type]
