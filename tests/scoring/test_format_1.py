"""An artifact that an earlier version of this program trained and packed."""

from pathlib import Path

import numpy as np
import pytest

from serving.scoring import load_scorer
from serving.scoring.artifact import read_artifact
from serving.scoring.golden import TOLERANCE
from serving.scoring.manifest import FORMAT_VERSION, READABLE_VERSIONS

ARTIFACTS = Path(__file__).parents[1] / "data" / "artifacts"


@pytest.mark.parametrize("version", [v for v in READABLE_VERSIONS if v < FORMAT_VERSION])
def test_an_artifact_of_an_older_format_scores_as_when_it_was_made(version: int) -> None:
    path = ARTIFACTS / f"format-{version}.tar.gz"
    golden = read_artifact(path).golden

    scorer = load_scorer(path)

    assert scorer.artifact.manifest["format_version"] == version
    scores = scorer.score(np.array(golden["inputs"], dtype=float))
    then = np.array(golden["ranks"], dtype=float)
    np.testing.assert_allclose(scores.ranks, then, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(scores.values, np.array(golden["scores"], dtype=float), atol=1e-6)
    assert scores.flags.tolist() == golden["flags"]
