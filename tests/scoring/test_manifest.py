import json
from typing import Any

import pytest
from builders import INF, NAN
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.scoring import ArtifactCorrupt
from serving.scoring.manifest import check_file, describe_files, from_json, is_file_name, to_json

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcä"), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=100, deadline=None)
@given(value=JSON)
def test_json_is_read_as_it_was_written(value: Any) -> None:
    read = from_json(to_json(value), "x.json")

    assert json.dumps(read) == json.dumps(value)


def test_keys_stay_in_their_order() -> None:
    assert to_json({"b": 1, "a": 2}) == b'{\n "b": 1,\n "a": 2\n}\n'


@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_what_json_has_no_word_for_is_not_written(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json([value])


@pytest.mark.parametrize(
    "data", [b"NaN", b"Infinity", b"1e999", b"-1e999", b'{"a": 1, "a": 2}', b"[1,]", b"01", b"'a'"]
)
def test_what_is_no_strict_json_is_refused_naming_the_file(data: bytes) -> None:
    with pytest.raises(ArtifactCorrupt, match=r"golden\.json is not valid"):
        from_json(data, "golden.json")


@pytest.mark.parametrize(
    "name", ["golden.json", "plots/a.png", "a", "A-b_c.d", "-x", "a..b", "model.tar.gz", "x" * 200]
)
def test_a_plain_name_one_folder_deep_at_most_is_one(name: str) -> None:
    assert is_file_name(name)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "/", "/a", "a/", "a//b", "a/b/c", "../a", "a/..", "a/../b", "a\\b", "C:a",
     ".a", "a/.b", "a b", "a\n", "a\0", "ä", "x" * 201, "manifest.json"],
)  # fmt: skip
def test_any_other_name_is_none(name: str) -> None:
    assert not is_file_name(name)


FILES = describe_files({"b": b"12", "a": b""})


def test_files_are_listed_by_name_with_length_and_checksum() -> None:
    assert list(FILES) == ["a", "b"]
    assert FILES["b"]["bytes"] == 2
    assert FILES["a"]["sha256"].startswith("e3b0c44298fc1c14")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("b", b"1", "b has 1 bytes; the manifest says 2"),
        ("b", b"13", "b was altered"),
        ("c", b"12", r"c is not listed in manifest\.json"),
    ],
)
def test_data_that_is_not_what_is_listed_is_refused(name: str, data: bytes, message: str) -> None:
    with pytest.raises(ArtifactCorrupt, match=message):
        check_file(FILES, name, data)


def test_data_that_is_what_is_listed_is_given_back() -> None:
    assert check_file(FILES, "b", b"12") == b"12"
