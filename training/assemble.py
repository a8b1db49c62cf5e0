"""Put an artifact together: tables, golden rows, manifest. One way for `train` and `build`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serving.scoring.artifact import GOLDEN, TABLES, Artifact, build_manifest
from serving.scoring.golden import make_golden
from serving.scoring.manifest import to_json
from serving.scoring.peers import Peers
from serving.scoring.scorecard import Scorecard
from serving.scoring.scorer import Scorer
from serving.scoring.stored_peers import read_peers
from training.golden_rows import golden_accounts


def assemble(
    scorecard: Scorecard,
    tables: Peers,
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
    packed = tables.to_npz()
    # Golden rows are scored with what was packed and read back, as serving will.
    scorer = Scorer(
        Artifact(scorecard, scorecard.inputs, read_peers(packed, scorecard), {}, {}, version="")
    )
    golden = make_golden(scorer, golden_accounts(tables, scorer.inputs, seed=seed))
    files = {TABLES: packed, GOLDEN: to_json(golden), **for_people}
    return files, build_manifest(scorecard, files, training)
