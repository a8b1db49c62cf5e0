import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import Parts, make_parts

from serving.scoring import (
    ArtifactError,
    load_scorer,
)
from serving.scoring.artifact import (
    TABLES,
)
from serving.scoring.manifest import MANIFEST

PARTS = make_parts()


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
    (changed(files={}), "does not list", "nothing listed"),
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
