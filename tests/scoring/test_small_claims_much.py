"""A small file that claims much is refused before anything is laid out for it."""

import numpy as np
import pytest
from builders import make_tree

from serving.scoring.errors import ArtifactCorrupt, InvalidInput
from serving.scoring.intervals import normal_quantile
from serving.scoring.scorecard import scorecard_from_dict
from serving.scoring.smooth_terms import MAX_DIMENSIONS, MAX_TERMS, SmoothTerms
from serving.scoring.stored_arrays import pack_arrays
from serving.scoring.stored_peers import read_peers

CURVE = {"values": np.array([0.0, 1.0]), "ranks": np.array([0.0, 1.0])}


def card_of(numbers):
    return scorecard_from_dict(
        make_tree(peer_dimensions=[{"name": f"d{i}", "type": "number"} for i in range(numbers)])
    )


def axes_of(numbers, **more):
    return {f"axes/d{i}/{key}": a for i in range(numbers) for key, a in {**CURVE, **more}.items()}


@pytest.mark.parametrize("numbers", [5, 25, 33])
def test_a_grid_of_many_numbers(numbers):
    """33 axes of 4 nodes have 2**66 nodes, which in 64 bits is none."""
    arrays = axes_of(numbers, nodes=np.array([0.0, 0.5, 1.0])) | {"effective_peers": np.empty(0)}

    with pytest.raises(ArtifactCorrupt, match="axes"):
        read_peers(pack_arrays(arrays), card_of(numbers))


@pytest.mark.parametrize("numbers", [MAX_DIMENSIONS + 1, 1000])
def test_models_of_many_numbers(numbers):
    arrays = axes_of(numbers) | {"forests/bots/knots": np.array([0.0, 1.0])}

    with pytest.raises(ArtifactCorrupt, match="axes"):
        read_peers(pack_arrays(arrays), card_of(numbers))


def test_nodes_that_begin_above_the_lowest_rank():
    """Nothing is stored below the first node."""
    arrays = axes_of(1, nodes=np.array([0.5, 1.0])) | {"effective_peers": np.ones(3)}

    with pytest.raises(ArtifactCorrupt, match="axes/d0/nodes"):
        read_peers(pack_arrays(arrays), card_of(1))


@pytest.mark.parametrize(
    "header", [b"{'descr': (((", b"{'descr': (), 'fortran_order': False, 'shape': ()}"]
)
def test_a_header_that_is_none(header):
    whole = pack_arrays({"effective_peers": np.ones(40)})
    start = whole.index(b"{'descr'")
    length = whole.index(b"\n", start) - start
    import io
    import zipfile

    content = zipfile.ZipFile(io.BytesIO(whole)).read("effective_peers.npy")
    content = content.replace(whole[start : start + length], header.ljust(length))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        packed.writestr("effective_peers.npy", content)

    with pytest.raises(ArtifactCorrupt, match="cannot be read"):
        read_peers(stream.getvalue(), card_of(1))


@pytest.mark.parametrize("numbers", [3, 8, MAX_DIMENSIONS])
def test_as_many_numbers_as_are_supported_make_no_more_terms_than_a_fit_can_take(numbers):
    assert SmoothTerms((0,) * numbers).count <= MAX_TERMS


@pytest.mark.parametrize("level", [0.0, 1.0, 1e-17, 0.9999999999999999, np.nan])
def test_a_level_that_is_no_interval(level):
    with pytest.raises(InvalidInput, match="between 0 and 1"):
        normal_quantile(level)
