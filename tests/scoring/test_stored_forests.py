from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from array_files import Arrays, pack, unpack, with_array, with_value
from builders import INF, NAN, make_tree
from forest_builders import make_forests, make_many_tree
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from serving.scoring import ArtifactCorrupt, ArtifactError
from serving.scoring.scorecard import scorecard_from_dict
from serving.scoring.stored_peers import read_peers
from serving.scoring.tree_arrays import MAX_TREES

CARD = scorecard_from_dict(make_many_tree())
HONEST = make_forests(CARD).to_npz()


@pytest.mark.parametrize(
    "tree",
    [make_many_tree(), make_tree(), make_tree(peer_dimensions=[])],
    ids=["many dimensions", "two numbers and a category", "no peers"],
)
def test_forests_are_read_as_they_were_written(tree: dict[str, Any]) -> None:
    card = scorecard_from_dict(tree)
    forests = make_forests(card)
    accounts = np.full((1, len(forests.axes)), 1.0)

    read = read_peers(forests.to_npz(), card)

    assert read.to_npz() == forests.to_npz()
    assert [axis.input for axis in read.axes] == list(card.peer_dimensions)
    for name, table in forests.around(accounts).metrics.items():
        again = read.around(accounts).metrics[name]
        assert again.cdf.tobytes() == table.cdf.tobytes()
        assert (again.lower, again.upper) == (table.lower, table.upper)
        assert again.peers.tobytes() == table.peers.tobytes()
        assert read.metrics[name].terms == forests.metrics[name].terms


def test_the_same_forests_are_the_same_bytes() -> None:
    forests = make_forests(CARD)
    turned = replace(forests, metrics=dict(reversed(forests.metrics.items())))

    assert turned.to_npz() == HONEST


def with_arrays(**arrays: NDArray[Any]) -> Callable[[Arrays], Any]:
    return lambda honest: honest.update({f"forests/bots/{key}": a for key, a in arrays.items()})


BOTS = "forests/bots"
FEATURES, THRESHOLDS, LEAVES = (
    f"{BOTS}/tree_{part}" for part in ("features", "thresholds", "leaves")
)
STEPS, STEP_RANKS = f"{BOTS}/step_dimensions", f"{BOTS}/step_ranks"

BAD_ARRAYS: list[tuple[Callable[[Arrays], Any], str, str]] = [
    *((lambda arrays, name=name: arrays.pop(name), f"lacks {name}", "an array is missing")
      for name in unpack(HONEST)),
    (lambda arrays: arrays.update(extra=np.ones(1)), "unknown arrays: ['extra']", "one too many"),
    (lambda arrays: arrays.update({"forests/x/knots": np.ones(1)}), "unknown arrays", "a metric"),
    (with_array("leverage", lambda a: a[:-1]), "leverage is", "a term too few"),
    (with_array("leverage", lambda a: a.astype("f4")), "leverage is float32", "short floats"),
    (with_value("leverage", (0, 1), 0.5), "leverage is out of", "not symmetric"),
    (with_array("leverage", lambda a: -a), "leverage is out of", "fewer than nobody"),
    (with_value("leverage", (0, 0), INF), "leverage is out of", "nobody anywhere"),
    (with_value("leverage", (0, 0), NAN), "leverage holds NaN", "how many?"),
    (with_array("background", lambda a: a[:0]), "background is out of", "nobody"),
    (with_array("background", lambda a: np.tile(a, (1000, 1))), "background is out of", "too many"),
    (with_array("background", lambda a: a[:, :-1]), "background is", "a dimension less"),
    (with_array("background", lambda a: a.astype(">f8")), "background is >f8", "other byte order"),
    (with_value("background", (1, 0), 1.1), "background is out of", "a rank above 1"),
    (with_value("background", (1, 0), -0.1), "background is out of", "a rank below 0"),
    (with_value("background", (1, 0), NAN), "background holds NaN", "not known"),
    (with_value("background", (1, 2), 3.0), "background is out of", "an unknown category"),
    (with_value("background", (1, 2), -1.0), "background is out of", "an unknown category"),
    (with_value("background", (1, 2), 0.5), "background is out of", "between two categories"),
    (with_array("axes/age/values", lambda a: a[::-1]), "axes/age is", "values that descend"),
    (with_array("axes/age/values", lambda a: a[:-1]), "axes/age/ranks is", "one value too few"),
    (with_value("axes/age/values", -1, INF), "axes/age is", "an endless value"),
    (with_value("axes/age/ranks", -1, 1.5), "axes/age is", "a rank above 1"),
    (with_array(f"{BOTS}/values", lambda a: a[::-1]), f"{BOTS} is", "they descend"),
    (with_value(f"{BOTS}/ranks", 2, 0.1), f"{BOTS} is", "they descend once"),
    (with_value(f"{BOTS}/knots", 0, 0.01), f"{BOTS}/knots", "not from 0"),
    (with_value(f"{BOTS}/knots", -1, 0.99), f"{BOTS}/knots", "not to 1"),
    (with_value(f"{BOTS}/knots", 2, 0.05), f"{BOTS}/knots", "two knots at one place"),
    (with_array(f"{BOTS}/knots", lambda a: a[:1]), f"{BOTS}/knots", "one knot"),
    (with_array(f"{BOTS}/knots", lambda a: a[[0, -1]]), f"{BOTS}/offset is", "no inner knots"),
    (with_array(f"{BOTS}/bounds", lambda a: a[::-1]), f"{BOTS}/bounds", "upside down"),
    (with_value(f"{BOTS}/bounds", 0, NAN), "holds NaN", "no bound"),
    (with_value(f"{BOTS}/observed", 0, 1.1), f"{BOTS}/observed", "more than all"),
    (with_value(f"{BOTS}/observed", 0, -0.1), f"{BOTS}/observed", "fewer than nobody"),
    (with_array(f"{BOTS}/observed", lambda a: a[0]), f"{BOTS}/observed is", "no list"),
    (with_array(f"{BOTS}/offset", lambda a: a[:-1]), f"{BOTS}/offset is", "a knot less"),
    (with_value(f"{BOTS}/offset", 3, INF), f"{BOTS}/offset is out", "no number"),
    (with_value(f"{BOTS}/offset", 3, NAN), f"{BOTS}/offset holds NaN", "no number"),
    (with_array(f"{BOTS}/coefficients", lambda a: a.T), f"{BOTS}/coefficients is", "turned"),
    (with_array(f"{BOTS}/coefficients", lambda a: a[1:]), f"{BOTS}/coefficients is", "a term less"),
    (with_value(f"{BOTS}/coefficients", (0, 0), 1e300), f"{BOTS}/coefficients is out", "too large"),
    (with_array(STEPS, lambda a: a.astype("i8")), f"{STEPS} is int64", "wide"),
    (with_value(STEPS, 0, 2), f"{STEPS} is out of", "a step in a category"),
    (with_value(STEPS, 0, 5), f"{STEPS} is out of", "a step in a dimension there is not"),
    (with_value(STEPS, 0, -1), f"{STEPS} is out of", "a step in a dimension there is not"),
    (with_array(STEPS, lambda a: a[:0]), f"{STEP_RANKS} is", "a step less"),
    (with_value(STEP_RANKS, 0, 1.5), f"{STEP_RANKS} is out of", "a rank above 1"),
    (with_value(STEP_RANKS, 0, NAN), f"{STEP_RANKS} holds NaN", "no rank"),
    (with_arrays(step_dimensions=np.zeros(2, np.int16), step_ranks=np.ones(2)),
     f"{BOTS}/coefficients is", "a step more"),
    (with_array(FEATURES, lambda a: a.astype("i4")), f"{FEATURES} is int32", "wide"),
    (with_value(FEATURES, (2, 1), 7), f"{FEATURES} is out of", "a column there is not"),
    (with_value(FEATURES, (2, 1), -1), f"{FEATURES} is out of", "a column there is not"),
    (with_array(FEATURES, lambda a: a[1:]), f"{THRESHOLDS} is", "a tree less"),
    (with_array(FEATURES, lambda a: a[:, 1:]), f"{THRESHOLDS} is", "a node less"),
    (with_array(THRESHOLDS, lambda a: a.astype("f8")), f"{THRESHOLDS} is float64", "long floats"),
    (with_array(THRESHOLDS, lambda a: a[:-1]), f"{THRESHOLDS} is", "a tree less"),
    (with_value(THRESHOLDS, (0, 0), NAN), f"{THRESHOLDS} holds NaN", "neither left nor right"),
    (with_value(THRESHOLDS, (0, 0), -INF), f"{THRESHOLDS} is out of", "nobody goes left"),
    (with_array(LEAVES, lambda a: a[:, :, :-1]), f"{LEAVES} is", "a knot less"),
    (with_array(LEAVES, lambda a: a[:, :-1]), f"{LEAVES} is", "a leaf less"),
    (with_array(LEAVES, lambda a: a.astype("f8")), f"{LEAVES} is float64", "long floats"),
    (with_value(LEAVES, (0, 0, 0), INF), f"{LEAVES} is out of", "an endless leaf"),
    (with_value(LEAVES, (0, 0, 0), NAN), f"{LEAVES} holds NaN", "no leaf"),
    (with_arrays(tree_features=np.zeros((1, 2), np.int16), tree_leaves=np.zeros((1, 3, 7), "f4"),
                 tree_thresholds=np.zeros((1, 2), "f4")), f"{FEATURES} is out of", "not complete"),
    (with_arrays(tree_features=np.zeros((0, 2047), np.int16),
                 tree_thresholds=np.zeros((0, 2047), "f4"),
                 tree_leaves=np.zeros((0, 2048, 7), "f4")), f"{FEATURES} is out of", "too deep"),
    (with_arrays(tree_features=np.zeros((MAX_TREES + 1, 0), np.int16),
                 tree_thresholds=np.zeros((MAX_TREES + 1, 0), "f4"),
                 tree_leaves=np.zeros((MAX_TREES + 1, 1, 7), "f4")),
     f"{FEATURES} is out of", "too many trees"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message", "why"), BAD_ARRAYS)
def test_forests_that_could_score_wrongly_are_refused(
    change: Callable[[Arrays], Any], message: str, why: str
) -> None:
    arrays = unpack(HONEST)
    change(arrays)

    with pytest.raises(ArtifactCorrupt) as caught:
        read_peers(pack(arrays), CARD)

    assert message in str(caught.value), why


def test_a_category_without_categories_is_refused() -> None:
    tree = make_many_tree()
    tree["peer_dimensions"][2]["categories"] = []

    with pytest.raises(ArtifactCorrupt, match="axes/region"):
        read_peers(HONEST, scorecard_from_dict(tree))


def test_forests_of_another_scorecard_are_refused() -> None:
    with pytest.raises(ArtifactCorrupt):
        read_peers(HONEST, scorecard_from_dict(make_tree()))


@settings(max_examples=200, deadline=None)
@given(
    where=st.floats(0, 1, exclude_max=True),
    byte=st.integers(1, 255),
    length=st.integers(1, 8),
    tail=st.booleans(),
)
def test_whatever_the_bytes_are_only_an_artifact_error_comes_out(
    where: float, byte: int, length: int, tail: bool
) -> None:
    # Half of the tries go to the zip's own directory, which lies at the end.
    first = int(len(HONEST) * (0.85 + where * 0.15 if tail else where))
    data = bytearray(HONEST)
    for place in range(first, min(first + length, len(data))):
        data[place] ^= byte

    try:
        forests = read_peers(bytes(data), CARD)
    except ArtifactError:
        return

    around = forests.around(np.array([[1.0, 1.0, 1.0, 1.0, 1.0], [NAN, NAN, NAN, NAN, NAN]]))
    assert np.isfinite(around.effective_peers).all()
    for table in around.metrics.values():
        assert (table.cdf[:, 1:] >= table.cdf[:, :-1]).all()
