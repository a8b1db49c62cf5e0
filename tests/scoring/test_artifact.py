import copy
import errno
import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import Parts, make_accounts, make_dated_tree, make_parts, make_tree, write_tree
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.scoring import (
    ArtifactCorrupt,
    ArtifactError,
    Scorer,
    UnsupportedFormat,
    load_scorer,
)
from serving.scoring.artifact import (
    GOLDEN,
    TABLES,
    build_manifest,
    pack_artifact,
    read_artifact,
    read_files,
    write_artifact,
)
from serving.scoring.manifest import MANIFEST, to_json

PARTS = make_parts()
#: Positional meaning must come from here, so it is not the alphabet's.
WIRE_ORDER = ("size", "rate", "region", "age", "price", "bots")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return PARTS.write(tmp_path / "model")


def scores_of(scorer: Scorer) -> bytes:
    scores = scorer.score(make_accounts(scorer, 300, seed=9))
    return scores.values.tobytes() + scores.ranks.tobytes() + scores.flags.tobytes()


def tree_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# --- write, then read ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tree",
    [make_tree(), make_dated_tree(), make_tree(peer_dimensions=[])],
    ids=["numbers and a category", "a date", "no peers"],
)
def test_what_is_written_is_read(tree: dict[str, Any], tmp_path: Path) -> None:
    parts = make_parts(tree)
    write_artifact(tmp_path / "model", parts.files, parts.manifest_bytes)

    artifact = read_artifact(tmp_path / "model")

    assert artifact.tables.to_npz() == parts.files[TABLES]
    assert artifact.golden == parts.golden
    assert artifact.manifest == parts.manifest
    assert artifact.scorecard.tree == tree
    assert tree_of(tmp_path / "model") == parts.all_files


@pytest.mark.parametrize("packed", [False, True], ids=["directory", "model.tar.gz"])
def test_a_scorer_read_back_scores_bit_for_bit_as_before(packed: bool, folder: Path) -> None:
    before = Scorer(read_artifact(folder))
    path = folder
    if packed:
        path = folder.with_name("model.tar.gz")
        path.write_bytes(pack_artifact(folder))

    after = load_scorer(path)

    assert scores_of(after) == scores_of(before)
    assert after.artifact.version == before.artifact.version


def test_the_version_names_the_content(folder: Path, tmp_path: Path) -> None:
    other = make_parts(seed=1).write(tmp_path / "other")
    copied = shutil.copytree(folder, tmp_path / "copy")

    versions = [read_artifact(path).version for path in (folder, copied, other)]

    assert versions[0] == versions[1] != versions[2]
    assert len(versions[0]) == 32


def test_a_manifest_says_what_there_is() -> None:
    card = read_manifest_tree(PARTS.manifest)

    assert card["format"] == "scorecard-artifact"
    assert card["outputs"][-1] == "last_modified"
    assert list(card["files"]) == sorted(PARTS.files)


def read_manifest_tree(manifest: dict[str, Any]) -> dict[str, Any]:
    """What `build_manifest` makes of the same card."""
    from serving.scoring.scorecard import scorecard_from_dict

    card = scorecard_from_dict(manifest["scorecard"])
    built: dict[str, Any] = json.loads(build_manifest(card, PARTS.files, {}))
    return built


def test_read_files_gives_those_for_people_too(folder: Path) -> None:
    assert read_files(folder) == PARTS.files


@pytest.mark.parametrize("name", sorted(PARTS.files))
def test_read_files_checks_every_file(name: str, folder: Path) -> None:
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))

    with pytest.raises(ArtifactCorrupt, match="was altered"):
        read_files(folder)


def test_the_stored_order_of_the_inputs_is_their_order_on_the_wire(tmp_path: Path) -> None:
    folder = make_parts(order=WIRE_ORDER).write(tmp_path / "model")

    scorer = load_scorer(folder)

    assert tuple(column.name for column in scorer.inputs) == WIRE_ORDER
    alphabetical = load_scorer(PARTS.write(tmp_path / "abc"))
    accounts = make_accounts(alphabetical)
    moved = accounts[:, [sorted(WIRE_ORDER).index(name) for name in WIRE_ORDER]]
    assert scorer.score(moved).values.tobytes() == alphabetical.score(accounts).values.tobytes()


# --- altered ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [MANIFEST, TABLES, GOLDEN])
def test_no_flipped_byte_goes_unnoticed(name: str, folder: Path) -> None:
    honest = (folder / name).read_bytes()
    before = scores_of(load_scorer(folder))
    # A step that is a prime, so that all kinds of places are hit.
    for offset in [*range(0, len(honest), 211 if name == MANIFEST else 1009), len(honest) - 1]:
        (folder / name).write_bytes(
            honest[:offset] + bytes([honest[offset] ^ 0x01]) + honest[offset + 1 :]
        )

        try:
            scorer = load_scorer(folder)
        except ArtifactError:
            continue
        # The manifest has no checksum of its own: a weight or a name may become another one.
        assert name == MANIFEST, offset
        assert scorer.artifact.version != PARTS_VERSION
        assert scores_of(scorer) == before


PARTS_VERSION = __import__("hashlib").sha256(PARTS.manifest_bytes).hexdigest()[:32]


@pytest.mark.parametrize("name", [MANIFEST, TABLES, GOLDEN])
@pytest.mark.parametrize("change", ["cut", "grown", "empty"])
def test_a_file_of_another_length_is_refused(name: str, change: str, folder: Path) -> None:
    data = (folder / name).read_bytes()
    (folder / name).write_bytes({"cut": data[:-2], "grown": data + b"x", "empty": b""}[change])

    with pytest.raises(ArtifactCorrupt, match=name):
        load_scorer(folder)


@pytest.mark.parametrize("name", [MANIFEST, TABLES, GOLDEN])
def test_a_missing_file_is_named(name: str, folder: Path) -> None:
    (folder / name).unlink()

    with pytest.raises(ArtifactCorrupt, match=f"{name} is missing in"):
        load_scorer(folder)


def test_files_for_people_need_not_be_there_to_score(folder: Path) -> None:
    (folder / "plots" / "calibration.svg").unlink()

    load_scorer(folder)


@pytest.mark.parametrize("name", ["extra.txt", "plots/extra.svg", "a/b/c/deep.pkl", ".hidden"])
def test_a_file_that_is_not_listed_is_refused(name: str, folder: Path) -> None:
    write_tree(folder, {name: b"x"})

    with pytest.raises(ArtifactCorrupt, match="does not list") as caught:
        load_scorer(folder)

    assert name in str(caught.value)


def test_many_unlisted_files_make_a_short_message(folder: Path) -> None:
    write_tree(folder, {f"extra-{number:03}": b"" for number in range(300)})

    with pytest.raises(ArtifactCorrupt, match="does not list") as caught:
        load_scorer(folder)

    assert len(str(caught.value)) < 500


def test_an_artifact_of_another_format_version_is_refused_naming_both(tmp_path: Path) -> None:
    folder = PARTS.with_manifest(format_version=2).write(tmp_path / "model")

    with pytest.raises(UnsupportedFormat, match=r"artifact format 2; this program reads 1"):
        load_scorer(folder)


def changed(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda manifest: manifest.update(copy.deepcopy(changes))


def without(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda manifest: manifest.__delitem__(name)


def in_files(name: str, **entry: Any) -> Callable[[dict[str, Any]], None]:
    return lambda manifest: manifest["files"].setdefault(name, {}).update(entry)


SOUND = {"sha256": "0" * 64, "bytes": 1}

MANIFESTS: list[tuple[Callable[[dict[str, Any]], None], str, str]] = [
    (without("format"), "is not the manifest of", "what is it then?"),
    (changed(format="scorecard"), "is not the manifest of", "something else"),
    (without("format_version"), "artifact format None", "which reader?"),
    (changed(format_version="1"), "artifact format '1'", "text is no version"),
    (changed(format_version=True), "artifact format True", "though True equals 1"),
    (changed(format_version=1.0), "artifact format 1.0", "though 1.0 equals 1"),
    (changed(format_version=[1]), "artifact format [1]", "a list"),
    *((without(part), f"lacks {part}", "a section") for part in
      ("files", "scorecard", "inputs", "outputs", "training")),
    (changed(files=[]), "files must list", "a list"),
    (changed(files={}), "is missing in its list", "nothing listed"),
    (changed(files={TABLES: None}), "files must list", "no entry"),
    (in_files(TABLES, sha256="0" * 64), "was altered", "another checksum"),
    (in_files(TABLES, sha256=7), "files must list", "no checksum"),
    (in_files(TABLES, bytes=7), "larger than", "another length"),
    (in_files(TABLES, bytes=10**8), "bytes; the manifest says", "a larger length"),
    (in_files(TABLES, bytes=-2), "files must list", "read(-1) would read without end"),
    (in_files(TABLES, bytes=True), "files must list", "though True is 1"),
    (in_files(TABLES, bytes=1.0), "files must list", "though 1.0 is 1"),
    (in_files(TABLES, bytes=2**40), "files must list", "more memory than there is"),
    (in_files(TABLES, bytes=10**30), "files must list", "more than a file can have"),
    *((in_files(name, **SOUND), "files must list", why) for name, why in (
        ("../evil", "above"), ("a/../../evil", "above, later"), ("/etc/passwd", "absolute"),
        ("a\\b", "a backslash"), ("a/b/c", "folders in folders"), ("", "nothing"),
        (".", "the folder"), ("..", "the folder above"), ("a/", "a folder"), ("a//b", "twice"),
        (".hidden", "hidden"), ("a/.hidden", "hidden within"), ("a\n", "a line break"),
        ("ä", "not ASCII"), ("a b", "a space"), ("C:evil", "a drive"), ("x" * 300, "too long"),
        (MANIFEST, "it cannot hold its own checksum"))),
    (changed(inputs=None), "inputs are not", "nothing"),
    (changed(inputs={}), "inputs are not", "no list"),
    (changed(inputs=["age"]), "inputs are not", "no types"),
    (changed(inputs=[None] * 6), "inputs are not", "no columns"),
    (changed(inputs=[{"name": ["age"]}] * 6), "inputs are not", "a name that has no hash"),
    (changed(inputs=[{"name": "age"}, {"name": 3}]), "inputs are not", "names without an order"),
    (lambda m: m["inputs"].pop(), "inputs are not", "one too few"),
    (lambda m: m["inputs"].append(m["inputs"][0]), "inputs are not", "one twice"),
    (lambda m: m["inputs"][0].update(name="zeal"), "inputs are not", "another name"),
    (lambda m: m["inputs"][0].update(type="date"), "inputs are not", "another type"),
    (lambda m: m["inputs"][0].update(unit="days"), "inputs are not", "something more"),
    (lambda m: m["inputs"][4].update(categories=["US", "EU"]), "inputs are not", "other codes"),
    (lambda m: m["inputs"][4].pop("categories"), "inputs are not", "no codes"),
    (lambda m: m["inputs"].insert(0, m["inputs"].pop(1)), "golden row", "another order"),
    (changed(outputs=None), "outputs are not", "nothing"),
    (lambda m: m["outputs"].pop(), "outputs are not", "one too few"),
    (lambda m: m["outputs"].reverse(), "outputs are not", "another order"),
    (lambda m: m["outputs"].append("more"), "outputs are not", "one too many"),
    (changed(training=None), "training", "nothing"),
    (changed(scorecard=None), "scorecard", "nothing"),
    (changed(scorecard=[]), "scorecard", "no mapping"),
    (changed(scorecard="card"), "scorecard", "no mapping"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message", "why"), MANIFESTS)
def test_an_altered_manifest_is_refused(
    change: Callable[[dict[str, Any]], None], message: str, why: str, tmp_path: Path
) -> None:
    manifest = copy.deepcopy(PARTS.manifest)
    change(manifest)
    folder = Parts(PARTS.files, manifest).write(tmp_path / "model")

    with pytest.raises(ArtifactError) as caught:
        load_scorer(folder)

    assert message in str(caught.value), why


def on_card(path: str, value: Any) -> dict[str, Any]:
    """The card with another value at `path`; ABSENT takes it out."""
    card = make_tree()
    *way, last = path.split("/")
    branch = card
    for key in way:
        branch = branch[key]
    if value is ABSENT:
        del branch[last]
    else:
        branch[last] = value
    return card


ABSENT = object()


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        *((key, ABSENT, f"no {key}") for key in make_tree() if key not in ("schema", "id")),
        ("scale", "out_of_10", "a scale without a step"),
        ("scale/type", "out_of_12", "no such scale"),
        ("scale/type", [], "no scale at all"),
        ("scale/step", "1", "a step that is text"),
        ("scale/step", True, "a step that is a yes"),
        ("scale/step", 0, "a step of nothing"),
        ("missing", "ignore", "no such policy"),
        ("missing", None, "no policy"),
        ("peer_dimensions", "age", "no list"),
        ("peer_dimensions", ["age"], "a list for people, not resolved"),
        ("peer_dimensions", [{"name": "age", "type": "integer"}], "no such type"),
        ("peer_dimensions", [{"name": 3, "type": "number"}], "no name"),
        ("metrics", ["bots", "rate", "price"], "no mapping"),
        ("metrics/bots", None, "no metric"),
        ("metrics/bots/lower", "0", "a bound that is text"),
        ("metrics/bots/lower", True, "a bound that is a yes"),
        ("metrics/bots/upper", [9], "a bound that is a list"),
        ("metrics/bots/ties", "random", "no such rule"),
        ("metrics/bots/ties", [], "no rule"),
        ("metrics/bots/higher_is_better", "no", "text is true"),
        ("metrics/bots/higher_is_better", 0, "a number"),
        ("metrics/bots/kind", "ratio", "a kind this program does not know"),
        ("metrics/bots/mystery", 1, "something it does not know"),
        ("components", [], "no mapping"),
        ("components/use", None, "no component"),
        ("components/use/weight", "2", "a weight that is text"),
        ("components/use/weight", None, "no weight"),
        ("components/use/weight", ABSENT, "no weight"),
        ("components/use/weight", True, "a weight that is a yes"),
        ("components/use/weight", "heavy", "no number"),
        ("components/use/metrics/bots", "1", "a metric's weight that is text"),
        ("components/use/metrics/bots", [1], "a metric's weight that is a list"),
        ("components/use/metrics", ["bots", "rate"], "weights that are not resolved"),
        ("components/use/components", [], "no mapping"),
    ],
)
def test_a_scorecard_of_another_shape_is_refused(
    path: str, value: Any, why: str, tmp_path: Path
) -> None:
    folder = PARTS.with_manifest(scorecard=on_card(path, value)).write(tmp_path / "model")

    with pytest.raises(ArtifactCorrupt) as caught:
        load_scorer(folder)

    assert "golden" not in str(caught.value), why


@pytest.mark.parametrize(
    ("categories", "why"),
    [
        ("EU", "text is no list of its letters"),
        (["EU", "EU"], "one stands twice"),
        (["EU", 2], "not a name"),
        ([["EU"], ["US"]], "no names"),
        ({"EU": 0, "US": 1}, "no list"),
    ],
)
def test_categories_that_are_no_list_of_names_are_refused(
    categories: Any, why: str, tmp_path: Path
) -> None:
    parts = PARTS.with_manifest()
    parts.manifest["scorecard"]["peer_dimensions"][2]["categories"] = categories
    parts.manifest["inputs"][4]["categories"] = categories

    with pytest.raises(ArtifactCorrupt, match="categories"):
        load_scorer(parts.write(tmp_path / "model"))


def test_components_nested_beyond_measure_are_refused(tmp_path: Path) -> None:
    component: dict[str, Any] = {"weight": 1, "metrics": {"bots": 1, "rate": 1, "price": 1}}
    for depth in range(150):
        component = {"weight": 1, "components": {f"c{depth}": component}}
    card = make_tree(components={"top": component})

    with pytest.raises(ArtifactCorrupt):
        load_scorer(PARTS.with_manifest(scorecard=card).write(tmp_path / "model"))


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

    with pytest.raises(ArtifactCorrupt):
        load_scorer(folder)


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


# --- places -------------------------------------------------------------------------------------


def test_a_path_where_nothing_is_makes_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError) as caught:
        load_scorer(tmp_path / "nowhere")

    assert str(caught.value) == f"there is no artifact at {tmp_path / 'nowhere'}"


@pytest.mark.parametrize(
    ("name", "why"), [("x" * 300, "too long a name"), ("a\0b", "no name"), ("", "the folder")]
)
def test_a_path_that_cannot_be_one_is_an_artifact_error(
    name: str, why: str, tmp_path: Path
) -> None:
    with pytest.raises(ArtifactError):
        load_scorer(f"{tmp_path}/{name}")


def test_a_folder_that_is_no_artifact_is_said_to_lack_its_manifest(tmp_path: Path) -> None:
    with pytest.raises(ArtifactCorrupt, match=r"manifest\.json is missing in"):
        load_scorer(tmp_path)


@pytest.mark.parametrize("name", [MANIFEST, TABLES])
def test_a_symbolic_link_is_not_followed(name: str, folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (folder / name).rename(outside)
    (folder / name).symlink_to(outside)

    with pytest.raises(ArtifactCorrupt, match=f"{name} is not a plain file"):
        load_scorer(folder)


@pytest.mark.parametrize("listed", [True, False])
def test_a_linked_folder_is_not_followed(listed: bool, folder: Path, tmp_path: Path) -> None:
    (folder / "plots").rename(tmp_path / "plots")
    (folder / ("plots" if listed else "more")).symlink_to(tmp_path / "plots")

    with pytest.raises(ArtifactCorrupt):
        read_files(folder)
    with pytest.raises(ArtifactCorrupt, match="does not list"):
        load_scorer(folder)


def test_a_link_to_an_artifact_is_one(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to(folder)

    load_scorer(tmp_path / "current")


@pytest.mark.parametrize("name", [MANIFEST, TABLES])
def test_a_pipe_is_refused_without_waiting_for_it(name: str, folder: Path) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name)

    with pytest.raises(ArtifactCorrupt, match=f"{name} is not a plain file"):
        load_scorer(folder)


def test_a_folder_in_a_files_place_is_refused(folder: Path) -> None:
    (folder / TABLES).unlink()
    (folder / TABLES).mkdir()

    with pytest.raises(ArtifactCorrupt, match="is not a plain file"):
        load_scorer(folder)


def test_a_file_in_a_folders_place_is_refused(folder: Path) -> None:
    shutil.rmtree(folder / "plots")
    (folder / "plots").write_bytes(b"")

    with pytest.raises(ArtifactError):
        read_files(folder)


# --- writing ------------------------------------------------------------------------------------


def write(parts: Parts, folder: Path) -> None:
    write_artifact(folder, parts.files, parts.manifest_bytes)


NEW = make_parts(seed=3)


def test_missing_folders_are_made(tmp_path: Path) -> None:
    write(NEW, tmp_path / "a" / "b" / "model")

    load_scorer(tmp_path / "a" / "b" / "model")


def test_an_older_artifact_is_replaced_whole(folder: Path, tmp_path: Path) -> None:
    write_artifact(folder, {k: v for k, v in NEW.files.items() if "/" not in k}, b"{}")

    assert MANIFEST in tree_of(folder)
    assert not (folder / "plots").exists()
    assert os.listdir(tmp_path) == ["model"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()

    write(NEW, tmp_path / "model")

    assert tree_of(tmp_path / "model") == NEW.all_files


@pytest.mark.parametrize(
    ("make", "message", "why"),
    [
        (lambda path: write_tree(path, {"thesis.txt": b"years"}), "not an artifact", "a folder"),
        (lambda path: path.write_text("years"), "cannot be written", "a file"),
        (lambda path: os.mkfifo(path), "cannot be written", "a pipe"),
        (lambda path: path.symlink_to(path), "cannot be written", "a link to itself"),
    ],
)
def test_what_is_no_artifact_is_left_alone(
    make: Callable[[Path], Any], message: str, why: str, tmp_path: Path
) -> None:
    make(tmp_path / "place")

    with pytest.raises(ArtifactError, match=message):
        write(NEW, tmp_path / "place")

    assert os.listdir(tmp_path) == ["place"], why
    assert (tmp_path / "place").is_symlink() or (tmp_path / "place").exists()


def test_a_place_within_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ArtifactError, match="cannot be written"):
        write(NEW, tmp_path / "file" / "model")


@pytest.mark.parametrize("older", [True, False], ids=["over an older one", "anew"])
@pytest.mark.parametrize("fails_at", range(1, len(NEW.files) + 2))
def test_a_full_disk_leaves_the_older_artifact_and_nothing_else(
    fails_at: int, older: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if older:
        PARTS.write(tmp_path / "model")
    synced = []

    def fail_later(handle: int) -> None:
        synced.append(handle)
        if len(synced) == fails_at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail_later)

    with pytest.raises(ArtifactError, match="cannot be written: No space left on device"):
        write(NEW, tmp_path / "model")

    assert os.listdir(tmp_path) == (["model"] if older else [])
    if older:
        assert tree_of(tmp_path / "model") == PARTS.all_files


def test_a_swap_that_fails_leaves_the_older_artifact_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = PARTS.write(tmp_path / "model")
    rename = Path.rename

    def fail_into_place(self: Path, target: Path) -> Path:
        if Path(target) == folder and not self.name.endswith(".old"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_into_place)

    with pytest.raises(ArtifactError, match="cannot be written"):
        write(NEW, folder)

    assert os.listdir(tmp_path) == ["model"]
    assert tree_of(folder) == PARTS.all_files


def test_the_manifest_is_written_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def note(handle: int) -> None:
        order.append(Path(os.readlink(f"/proc/self/fd/{handle}")).name)

    monkeypatch.setattr(os, "fsync", note)

    write(NEW, tmp_path / "model")

    files = [name for name in order if "." in name and not name.startswith(".")]
    assert files[-1] == MANIFEST
    assert len(files) == len(NEW.all_files)


test_the_manifest_is_written_last = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="needs /proc to name an open file"
)(test_the_manifest_is_written_last)


def test_writing_to_a_link_replaces_what_it_points_to(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to(folder)

    write(NEW, tmp_path / "current")

    assert (tmp_path / "current").is_symlink()
    assert tree_of(folder) == NEW.all_files
    assert sorted(os.listdir(tmp_path)) == ["current", "model"]


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "a/b/c", ""])
def test_a_name_that_could_not_be_read_back_is_not_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError):
        write_artifact(tmp_path / "model", {name: b"x"}, b"{}")

    assert os.listdir(tmp_path) == []


def test_a_reader_never_sees_half_of_an_artifact_while_it_is_replaced(folder: Path) -> None:
    whole = {scores_of(Scorer(read_artifact(folder)))}
    write(NEW, folder)
    whole.add(scores_of(Scorer(read_artifact(folder))))
    seen: list[bytes] = []
    refused: list[ArtifactError] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                seen.append(scores_of(load_scorer(folder)))
            except ArtifactError as error:
                refused.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(60):
        write(NEW if turn % 2 else PARTS, folder)
        time.sleep(0.002)
    stop.set()
    reader.join()

    assert set(seen) <= whole
    assert seen
