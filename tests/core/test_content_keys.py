"""Content keys: what is on disk under them stays found, also when options are added later."""

import os
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import Field

from fairprog_core.classifiers import CLASSIFIERS, ResidualNetOptions
from fairprog_core.common.home import Home, assets
from fairprog_core.common.options import LATER, Options, digest_of, is_marked
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS, CelebAOptions, CivilCommentsOptions, FacesOptions
from fairprog_core.data.base import Dataset, SplitName
from fairprog_core.methods import METHODS
from fairprog_core.pipeline.jobs.frozen_base import base_key, find_base
from fairprog_core.study import Study
from fairprog_core.study.settings import shipped
from fairprog_core.training.criteria import CRITERIA
from fairprog_core.triggers import TRIGGERS

# What these were when the mark LATER was introduced. A changed line orphans what users have in their caches.
OPTIONS: dict[str, str] = {
    "classifier.residual_net": "e7bab51aced91f41",
    "classifier.hybrid": "f06a4e444a376296",
    "classifier.resnet18": "ce0d61c64e51adf5",
    "classifier.encoder": "6b50c2bb59fce107",
    "classifier.black_box": "db0d2aa4c0735975",
    "classifier.image_model": "d7fb81952bf2f05e",
    "dataset.faces": "704487219052c736",
    "dataset.celeba": "7b40d7571cfc07e1",
    "dataset.comments": "334e55cbd47f1b2f",
    "dataset.civil_comments": "99689603568d3d48",
    "dataset.table": "ac51f3feb262f943",
    "method.reprogram": "ed3949bad4d4fc71",
    "method.query_reprogram": "64a4b3406c6e846f",
    "method.adv_post": "521f61324dfd266b",
    "method.adv_in": "7c325eb6c16905e2",
    "method.last_layer": "0808cafb391e14d1",
    "method.leace": "b525c7f647d59139",
    "method.output_shift": "f936d4b61a86a37e",
    "method.group_thresholds": "923e0ffd3b036487",
    "method.majority": "6fdbe0e11c8e0e2c",
    "method.random_trigger": "366fb2ade4a2e250",
    "method.random_words": "9a22bedafdf613de",
    "method.neutral_words": "6c7324a88bb8aba7",
    "trigger.border": "b265d2018f244c9b",
    "trigger.frame": "110c63b990502c7b",
    "trigger.patch": "3dcf94c49db60279",
    "trigger.learned_mask": "8417277763c2dd5b",
    "trigger.soft": "d5ca0d3060e05fc5",
    "trigger.hard": "01807afb2683abf8",
    "criterion.equalized_odds": "df68326c8343d8ee",
    "criterion.demographic_parity": "96adfb9eacd5878f",
    "study": "5bb7561bc7261249",
    "budget": "3f2b47b8bb8d3f6f",
}
CURVES: dict[str, str] = {
    "celeba-tradeoff": "644dbf56579960ec",
    "celeba-tuning-data": "c5e4b07f75980166",
    "celeba-transfer": "a0efb69ac8181fdb",
    "celeba-multiclass-8": "0cf02f99cb7fa5cd",
    "celeba-multiclass-16": "0cf02f99cb7fa5cd",
    "comments-tradeoff": "c356b5553dc1a6e4",
    "comments-tuning-data": "e1c99944076ef302",
    "comments-transfer": "4fc2e105332f3d17",
    "faces-multiclass-4": "4001db41eba5c2fe",
    "faces-multiclass-8": "4001db41eba5c2fe",
    "faces-multiclass-16": "add45b71bf61ec2a",
    "faces-tradeoff": "4327dbeda537941a",
    "faces-tuning-data": "a590b6f7c3ba2f0b",
    "faces-transfer-from-seed-0": "a3b7bcaf51d1fe66",
    "faces-transfer-from-seed-1": "a3b7bcaf51d1fe66",
    "faces-transfer-from-hybrid": "3a1f25ef3c33a44b",
    "civil-comments-paper": "cc7eb9f5a3ff6f5f",
    "comments": "4f2207a94aa70673",
    "comments-inside": "747f3f1e314fb1c1",
    "comments-quick": "a5f08d52eac2e6ef",
    "faces": "db05e071d99ba7ce",
    "faces-inside": "b7dea7ee60d4d255",
    "faces-quick": "7d7ea2f5e4767c30",
}
SPLITS: dict[str, str] = {
    "comments-tradeoff": "f24c46e9953a077c",
    "comments-tuning-data": "f24c46e9953a077c",
    "comments-transfer": "f24c46e9953a077c",
    "faces-multiclass-4": "c51bbed1a7a67bd7",
    "faces-multiclass-8": "ef4d2869da51a2eb",
    "faces-multiclass-16": "48c2aa80d8f96226",
    "faces-tradeoff": "935dd83d706e2467",
    "faces-tuning-data": "935dd83d706e2467",
    "faces-transfer-from-seed-0": "935dd83d706e2467",
    "faces-transfer-from-seed-1": "935dd83d706e2467",
    "faces-transfer-from-hybrid": "935dd83d706e2467",
    "comments": "f24c46e9953a077c",
    "comments-inside": "17e8b2e380ad02a1",
    "comments-quick": "710a05bbc6abb73c",
    "faces": "935dd83d706e2467",
    "faces-inside": "2c782ba50e68a28a",
    "faces-quick": "5b921874b9659695",
}
BASES: dict[str, str] = {
    "comments-tradeoff": "9add3931a74f87ae",
    "comments-tuning-data": "9add3931a74f87ae",
    "comments-transfer": "9add3931a74f87ae",
    "faces-multiclass-4": "905711a5b67f10ce",
    "faces-multiclass-8": "5c4b30cdd405a865",
    "faces-multiclass-16": "d95d9f8f66f3bc61",
    "faces-tradeoff": "d11d28ffd216ea21",
    "faces-tuning-data": "d11d28ffd216ea21",
    "faces-transfer-from-seed-0": "d11d28ffd216ea21",
    "faces-transfer-from-seed-1": "564314443ac99640",
    "faces-transfer-from-hybrid": "c53971b315b78477",
    "comments": "9add3931a74f87ae",
    "comments-inside": "9add3931a74f87ae",
    "comments-quick": "9add3931a74f87ae",
    "faces": "d11d28ffd216ea21",
    "faces-inside": "d11d28ffd216ea21",
    "faces-quick": "d11d28ffd216ea21",
}
FILES = {"celeba": "f757917cf73c12bb", "civil_comments": "2e9f623e81815c58"}

REGISTRIES = {"classifier": CLASSIFIERS, "dataset": DATASETS, "method": METHODS, "trigger": TRIGGERS}
EVERY_OPTIONS: dict[str, Options] = {
    **{f"{name}.{kind}": entry.options() for name, registry in REGISTRIES.items() for kind, entry in registry.items()},
    **{f"criterion.{kind}": options() for kind, options in CRITERIA.items()},
    "study": Study(),
    "budget": Study().budget,
}


def test_default_options_have_the_keys_that_they_always_had() -> None:
    assert {name: options.digest() for name, options in EVERY_OPTIONS.items()} == OPTIONS


@pytest.mark.parametrize("name", shipped())
def test_curves_of_shipped_studies_have_the_keys_that_they_always_had(name: str) -> None:
    study = shipped()[name]
    contents = [
        [plan.method.content(), plan.trigger and plan.trigger.content(), plan.lam.content(), plan.budget.content(),
         study.classifier.digest(exclude={"source"})]
        for plan in study.plan()
    ]  # fmt: skip
    assert digest_of(contents) == CURVES[name]


@pytest.mark.parametrize("name", BASES)
def test_data_and_base_of_shipped_studies_have_the_keys_that_they_always_had(name: str, home: Home) -> None:
    study = shipped()[name]
    dataset: Dataset = build(DATASETS, study.dataset, home)
    assert digest_of({split: dataset.split_digest(split) for split in get_args(SplitName)}) == SPLITS[name]
    assert base_key(study, dataset) == BASES[name]


def test_data_of_files_has_the_keys_that_it_always_had(tmp_path: Path, home: Home) -> None:
    texts = {
        "list_attr_celeba.txt": "4\nBlond_Hair Male\n" + "".join(f"{i}.jpg 1 -1\n" for i in range(4)),
        "list_eval_partition.txt": "".join(f"{i}.jpg {part}\n" for i, part in enumerate((0, 0, 1, 2))),
        "all_data_with_identities.csv": "as long as this",
        **{f"img_align_celeba/{i}.jpg": f"picture {i}" for i in range(4)},
    }
    (tmp_path / "img_align_celeba").mkdir()
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        os.utime(tmp_path / name, ns=(10**18, 10**18))

    def key(options: CelebAOptions | CivilCommentsOptions) -> str:
        dataset: Dataset = build(DATASETS, options, home)
        return digest_of({split: dataset.split_digest(split) for split in get_args(SplitName)})

    assert key(CelebAOptions(root=str(tmp_path))) == FILES["celeba"]
    assert key(CivilCommentsOptions(root=str(tmp_path))) == FILES["civil_comments"]


@pytest.mark.parametrize("name", ["faces", "comments"])
def test_shipped_base_is_found(name: str, home: Home) -> None:
    study = shipped()[name]
    found = find_base(study, build(DATASETS, study.dataset, home), home)
    assert found == assets() / "classifiers" / f"{BASES[name]}.safetensors"


class Net(ResidualNetOptions):
    """A classifier to which an option was added."""

    depth: int = Field(3, title="Depth", json_schema_extra=LATER)


class Nested(Options):
    """Options that hold options."""

    net: Net = Net()
    nets: tuple[Net, ...] = (Net(), Net(depth=4))
    by_name: dict[str, Net] = Field(default_factory=dict)


def test_later_option_enters_the_key_only_where_it_is_not_at_its_default() -> None:
    assert Net().digest() == ResidualNetOptions().digest() == OPTIONS["classifier.residual_net"]
    assert Net(epochs=3).digest() == ResidualNetOptions(epochs=3).digest()
    assert Net(depth=4).digest() not in (Net().digest(), Net(depth=5).digest())
    assert Net(depth=4).digest(exclude={"depth"}) == Net().digest()
    assert Net().to_json()["depth"] == 3, "what is saved holds every option"


def test_later_option_is_left_out_inside_other_options_too() -> None:
    found = Nested(by_name={"a": Net(), "b": Net(depth=1)}).content()
    assert "depth" not in found["net"]
    assert [net.get("depth") for net in found["nets"]] == [None, 4]
    assert [net.get("depth") for net in found["by_name"].values()] == [None, 1]
    assert found["net"] == ResidualNetOptions().to_json()


def test_content_without_later_options_is_what_is_saved() -> None:
    for options in EVERY_OPTIONS.values():
        assert without_later(options) == options.content()


def without_later(options: Options) -> dict[str, Any]:
    """JSON values of options, and of those in them, without the fields that were added later."""
    values = options.to_json()
    for name, field in type(options).model_fields.items():
        value = getattr(options, name)
        if is_marked(field, LATER):
            del values[name]
        elif isinstance(value, Options):
            values[name] = without_later(value)
        elif isinstance(value, tuple) and value and isinstance(value[0], Options):
            values[name] = [without_later(each) for each in value]
    return values


class Faces(FacesOptions):
    """A data set to which an option was added."""

    hats: float = Field(0.0, title="Hats", json_schema_extra=LATER)


def test_later_option_of_a_data_set_leaves_splits_and_base_where_they_were(home: Home) -> None:
    study = shipped()["faces-quick"]

    def keys(**hats: Any) -> tuple[str, str]:
        options = Faces(**study.dataset.to_json(), **hats)
        dataset: Dataset = build(DATASETS, options, home)
        return dataset.split_digest("train"), base_key(study.model_copy(update={"dataset": options}), dataset)

    assert keys()[1] == BASES["faces-quick"]
    assert not set(keys()) & set(keys(hats=0.1))
