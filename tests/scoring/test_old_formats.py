"""Artifacts that versions of this program trained and packed: one of each format it reads."""

import json
from pathlib import Path

import numpy as np
import pytest
from builders import make_parts

from serving.scoring import UnsupportedFormat, load_scorer
from serving.scoring.artifact import GOLDEN, read_artifact, read_files
from serving.scoring.golden import MIN_ROWS, TOLERANCE
from serving.scoring.manifest import FORMAT_VERSION, MANIFEST, READABLE_VERSIONS

ARTIFACTS = Path(__file__).parents[1] / "data" / "artifacts"


def test_there_is_an_artifact_of_every_format_that_is_read() -> None:
    wanted = {f"format-{version}.tar.gz" for version in READABLE_VERSIONS}

    assert {path.name for path in ARTIFACTS.iterdir()} == wanted
    assert max(READABLE_VERSIONS) == FORMAT_VERSION


@pytest.mark.parametrize("version", READABLE_VERSIONS)
def test_an_artifact_of_any_format_scores_as_when_it_was_made(version: int) -> None:
    path = ARTIFACTS / f"format-{version}.tar.gz"
    golden = read_artifact(path).golden

    scorer = load_scorer(path)  # golden rows are replayed here

    assert scorer.artifact.manifest["format_version"] == version
    scores = scorer.score(np.array(golden["inputs"], dtype=float))
    then = np.array(golden["ranks"], dtype=float)
    assert len(then) >= MIN_ROWS
    np.testing.assert_allclose(scores.ranks, then, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(scores.values, np.array(golden["scores"], dtype=float), atol=1e-6)
    assert scores.flags.tolist() == golden["flags"]


@pytest.mark.parametrize("version", READABLE_VERSIONS)
def test_every_file_of_an_old_artifact_is_whole(version: int) -> None:
    path = ARTIFACTS / f"format-{version}.tar.gz"

    files = read_files(path)

    assert {GOLDEN, "model_card.md", "evaluation.json"} <= set(files)
    assert json.loads(files[GOLDEN]) == read_artifact(path).golden


@pytest.mark.parametrize("newer", [FORMAT_VERSION + 1, 99])
def test_a_newer_format_is_refused_saying_which_is_read(newer: int, tmp_path: Path) -> None:
    folder = make_parts().with_manifest(format_version=newer).write(tmp_path / "model")

    with pytest.raises(UnsupportedFormat) as caught:
        load_scorer(folder)

    assert str(caught.value) == f"artifact format {newer}; this program reads 1, 2, 3"
    assert (folder / MANIFEST).is_file()
