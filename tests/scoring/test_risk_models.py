from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from array_files import Arrays, pack, unpack, with_array, with_value
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from risk_builders import INPUTS, make_facts, make_risk

from serving.scoring.errors import ArtifactCorrupt
from serving.scoring.risk_models import MAX_INPUTS, named_models, pack_risks, read_risks
from serving.scoring.tree_arrays import MAX_TREES

MODELS = {"churn": make_risk(), "m2.late": make_risk(seed=1, trees=3)}
HONEST = pack_risks(MODELS)
NAN, INF = np.nan, np.inf


def text(content: str | bytes) -> NDArray[np.uint8]:
    return np.frombuffer(content if isinstance(content, bytes) else content.encode(), np.uint8)


def test_models_are_read_as_they_were_written() -> None:
    read = read_risks(HONEST)

    assert list(read) == ["churn", "m2.late"]
    for name, model in MODELS.items():
        facts = make_facts(50)
        assert read[name].inputs == model.inputs
        assert read[name].probability(facts).tobytes() == model.probability(facts).tobytes()
    assert pack_risks(read) == HONEST


def test_the_same_models_are_the_same_bytes() -> None:
    assert pack_risks(dict(reversed(MODELS.items()))) == HONEST


@pytest.mark.parametrize("name", ["", "a/b", "../up", "a b", "x" * 65, ".hidden", "näme"])
def test_a_model_must_have_a_plain_name(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be called"):
        pack_risks({name: make_risk()})


def without_trees(trees: int, nodes: int, leaves: int) -> Callable[[Arrays], Any]:
    def apply(arrays: Arrays) -> None:
        arrays["churn/tree_features"] = np.zeros((trees, nodes), np.int16)
        arrays["churn/tree_thresholds"] = np.zeros((trees, nodes), np.float32)
        arrays["churn/tree_leaves"] = np.zeros((trees, leaves, 1), np.float32)

    return apply


FEATURES, THRESHOLDS, LEAVES = (
    f"churn/tree_{part}" for part in ("features", "thresholds", "leaves")
)

INPUT_NAMES = "churn/inputs"

BAD_ARRAYS: list[tuple[Callable[[Arrays], Any], str, str]] = [
    *((lambda arrays, name=name: arrays.pop(name), f"lacks {name}", "an array is missing")
      for name in unpack(HONEST)),
    (lambda a: a.update(extra=np.ones(1)), "out of order", "an array of no model"),
    (lambda a: a.update({"churn/extra": np.ones(1)}), "unknown arrays", "one too many"),
    (lambda a: a.update({"a b/inputs": text("[]")}), "'a b' is", "a name that is none"),
    (lambda a: a.update({"../x/inputs": text("[]")}), "'../x' is", "a place elsewhere"),
    (with_array(INPUT_NAMES, lambda _: text("{")), INPUT_NAMES, "no JSON"),
    (with_array(INPUT_NAMES, lambda _: text(b"\xff\xfe")), INPUT_NAMES, "no text"),
    (with_array(INPUT_NAMES, lambda _: text("[" * 100_000)), INPUT_NAMES, "nested too deeply"),
    (with_array(INPUT_NAMES, lambda _: text('"ab"')), INPUT_NAMES, "no list"),
    (with_array(INPUT_NAMES, lambda _: text("[]")), INPUT_NAMES, "no column"),
    (with_array(INPUT_NAMES, lambda _: text("[1, 2, 3]")), INPUT_NAMES, "numbers"),
    (with_array(INPUT_NAMES, lambda _: text('["a", "b", "a"]')), INPUT_NAMES, "a column twice"),
    (with_array(INPUT_NAMES, lambda _: text('["a", "b"]')), FEATURES, "a column less"),
    (with_array(INPUT_NAMES, lambda _: text(str([f"c{n}" for n in range(MAX_INPUTS + 1)]).replace(
        "'", '"'))), INPUT_NAMES, "too many columns"),
    (with_array(INPUT_NAMES, lambda a: a.astype("u2")), "churn/inputs is uint16", "wide"),
    (with_array("churn/calibration", lambda a: a[:2]), "churn/calibration is", "no intercept"),
    (with_array("churn/calibration", lambda a: a.astype("f4")), "calibration is float32", "short"),
    (with_value("churn/calibration", 0, NAN), "calibration holds NaN", "no base"),
    (with_value("churn/calibration", 0, INF), "calibration is out", "an endless base"),
    (with_value("churn/calibration", 1, 0.0), "calibration is out", "everybody is alike"),
    (with_value("churn/calibration", 1, -1.0), "calibration is out", "the wrong way round"),
    (with_value("churn/calibration", 2, 1e7), "calibration is out", "too large"),
    (with_array(FEATURES, lambda a: a.astype("i4")), f"{FEATURES} is int32", "wide"),
    (with_value(FEATURES, (2, 1), 2 * len(INPUTS)), f"{FEATURES} is out", "no such column"),
    (with_value(FEATURES, (2, 1), -1), f"{FEATURES} is out", "no such column"),
    (with_array(FEATURES, lambda a: a[1:]), f"{THRESHOLDS} is", "a tree less"),
    (with_array(THRESHOLDS, lambda a: a.astype("f8")), f"{THRESHOLDS} is float64", "long"),
    (with_value(THRESHOLDS, (0, 0), NAN), f"{THRESHOLDS} holds NaN", "neither left nor right"),
    (with_value(THRESHOLDS, (0, 0), -INF), f"{THRESHOLDS} is out", "nobody goes left"),
    (with_array(LEAVES, lambda a: np.tile(a, 2)), f"{LEAVES} is", "two outputs"),
    (with_value(LEAVES, (0, 0, 0), NAN), f"{LEAVES} holds NaN", "no leaf"),
    (with_value(LEAVES, (0, 0, 0), INF), f"{LEAVES} is out", "an endless leaf"),
    (without_trees(1, 2, 3), f"{FEATURES} is out", "not complete"),
    (without_trees(0, 2047, 2048), f"{FEATURES} is out", "too deep"),
    (without_trees(MAX_TREES + 1, 0, 1), f"{FEATURES} is out", "too many trees"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message", "why"), BAD_ARRAYS)
def test_models_that_could_score_wrongly_are_refused(
    change: Callable[[Arrays], Any], message: str, why: str
) -> None:
    arrays = unpack(HONEST)
    change(arrays)

    with pytest.raises(ArtifactCorrupt) as caught:
        read_risks(pack(arrays))

    assert message in str(caught.value), why
    assert "risk_models.npz" in str(caught.value)


@settings(max_examples=150, deadline=None)
@given(
    where=st.floats(0, 1, exclude_max=True),
    byte=st.integers(1, 255),
    length=st.integers(1, 8),
)
def test_whatever_the_bytes_are_only_an_artifact_error_comes_out(
    where: float, byte: int, length: int
) -> None:
    data = bytearray(HONEST)
    first = int(len(data) * where)
    for place in range(first, min(first + length, len(data))):
        data[place] ^= byte

    try:
        models = read_risks(bytes(data))
    except ArtifactCorrupt:
        return

    for model in models.values():
        chances = model.probability(make_facts(5, inputs=len(model.inputs)))
        assert ((chances >= 0.0) & (chances <= 1.0)).all()


def test_models_that_metrics_ask_for_are_given_whatever_the_order_of_columns() -> None:
    asked = [("churn", [*reversed(INPUTS)]), ("m2.late", INPUTS), ("not fitted", ("x",))]

    assert named_models(MODELS, asked) is MODELS


@pytest.mark.parametrize(
    ("asked", "message", "why"),
    [
        ([("churn", INPUTS)], "no metric names: ['m2.late']", "a model nobody asks for"),
        ([("churn", INPUTS), ("m2.late", INPUTS[:2])], "m2.late was fitted to", "a column less"),
        ([("churn", ("a", "b", "c")), ("m2.late", INPUTS)], "churn was fitted to", "others"),
    ],
)
def test_models_that_no_metric_asks_for_are_refused(
    asked: list[tuple[str, tuple[str, ...]]], message: str, why: str
) -> None:
    with pytest.raises(ArtifactCorrupt) as caught:
        named_models(MODELS, asked)

    assert message in str(caught.value), why


def test_a_file_without_models_is_refused() -> None:
    with pytest.raises(ArtifactCorrupt):
        named_models({}, [])
