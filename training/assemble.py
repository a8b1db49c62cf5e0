"""Put an artifact together: what was fitted, golden rows, manifest. For `train` and `build`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serving.scoring.artifact import GOLDEN, build_manifest
from serving.scoring.golden import make_golden
from serving.scoring.manifest import to_json
from serving.scoring.scorecard import Scorecard
from training.fitted import Fitted
from training.golden_rows import golden_accounts


def assemble(
    scorecard: Scorecard,
    fitted: Fitted,
    *,
    training: Mapping[str, Any],
    for_people: Mapping[str, bytes],
    seed: int,
) -> tuple[dict[str, bytes], bytes]:
    """Give an artifact's files and its manifest.

    Parameters
    ----------
    training : mapping
        What the manifest says of the fit: plain JSON values.
    for_people : mapping of str to bytes
        Files that serving does not open: evaluation, model card, plots, boosters.
    """
    # Golden rows are scored with what was packed and read back, as serving will.
    scorer = fitted.scorer(scorecard)
    golden = make_golden(scorer, golden_accounts(scorecard, fitted.tables, seed=seed))
    files = {**fitted.files(), GOLDEN: to_json(golden), **for_people}
    return files, build_manifest(scorecard, files, training)
