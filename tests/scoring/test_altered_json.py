import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import Parts, make_parts, write_tree
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.scoring import (
    ArtifactCorrupt,
    ArtifactError,
    load_scorer,
)
from serving.scoring.artifact import (
    GOLDEN,
)
from serving.scoring.manifest import MANIFEST, to_json

PARTS = make_parts()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "nothing"),
        (b"null", "no mapping"),
        (b"[]", "no mapping"),
        (b"{", "cut"),
        (b"\xff\xfe{}", "not UTF-8"),
        (b"\xef\xbb\xbf{}", "a byte-order mark"),
        (b"\x80\x04\x95cos\nsystem\n", "a pickle"),
        (b'{"a": 1, "a": 1}', "a key twice"),
        (b'{"a": {"b": 1, "b": 1}}', "a key twice, within"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": -Infinity}', "nor is infinity"),
        (b'{"a": 1e999}', "infinity in disguise"),
        (b'{"a": ' + b"9" * 5000 + b"}", "a number of 5,000 digits"),
        (b"[" * 100_000, "nested beyond measure"),
        (b'{"a":' * 100_000, "nested beyond measure"),
        (b" " * (5 * 2**20), "larger than any manifest"),
    ],
)
@pytest.mark.parametrize("name", [MANIFEST, GOLDEN])
def test_bytes_that_are_no_json_of_ours_are_refused(
    name: str, data: bytes, why: str, tmp_path: Path
) -> None:
    if name == MANIFEST:
        folder = write_tree(tmp_path / "model", PARTS.all_files | {MANIFEST: data})
    else:
        folder = PARTS.with_file(GOLDEN, data).write(tmp_path / "model")

    with pytest.raises(ArtifactCorrupt) as caught:
        load_scorer(folder)

    assert str(caught.value).startswith(name), why


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([0, 1, -1, 2**40, 10**30, 1e308, "", "number", "bots", "age", "skip"])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a JSON tree."""
    if not isinstance(tree, dict | list):
        return []
    found: list[tuple[Any, Any]] = []
    for key in tree if isinstance(tree, dict) else range(len(tree)):
        found += [(tree, key), *places(tree[key])]
    return found


class Held:
    """An artifact whose manifest and golden rows differ from try to try, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = PARTS.write(folder)

    def load(self, parts: Parts) -> None:
        """Load it; only ArtifactError may come out, and what loads can score."""
        for name in (MANIFEST, GOLDEN):
            (self.folder / name).write_bytes(parts.all_files[name])
        try:
            scorer = load_scorer(self.folder)
        except ArtifactError:
            return
        scorer.score(np.ones((3, len(scorer.inputs))))


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Held:
    return Held(tmp_path_factory.mktemp("held") / "model")


@settings(max_examples=300, deadline=None)
@given(data=st.data(), value=JSON, drop=st.booleans())
def test_whatever_stands_in_a_manifest_only_an_artifact_error_comes_out(
    held: Held, data: st.DataObject, value: Any, drop: bool
) -> None:
    manifest = copy.deepcopy(PARTS.manifest)
    container, key = data.draw(st.sampled_from(places(manifest)))
    if drop:
        del container[key]
    else:
        container[key] = value

    held.load(Parts(PARTS.files, manifest))


@settings(max_examples=100, deadline=None)
@given(data=st.data(), value=JSON, drop=st.booleans())
def test_whatever_stands_in_golden_rows_only_an_artifact_error_comes_out(
    held: Held, data: st.DataObject, value: Any, drop: bool
) -> None:
    golden = PARTS.golden
    # The whole, a row, or a number; and not only numbers, of which there are most.
    depth = data.draw(st.integers(0, 2))
    container, key = golden, data.draw(st.sampled_from(sorted(golden)))
    for _ in range(depth):
        if isinstance(container[key], list):
            container, key = container[key], data.draw(st.integers(0, len(container[key]) - 1))
    if drop:
        del container[key]
    else:
        container[key] = value

    held.load(PARTS.with_file(GOLDEN, to_json(golden)))
