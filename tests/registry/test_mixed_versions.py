"""A mixed scorecard goes the way of any: published, followed, promoted by the gate, rolled back."""

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from registries import InS3, pointer_of

from serving.registry import Follower
from serving.scoring import Scorer, load_scorer
from tests.training.absolute_cards import DATE, MIXED, weighed, write_card, write_facts
from training.build import build
from training.gate import GateReport, Limits, judge
from training.registry import GateRefused, promote, publish, rollback
from training.tables import read_accounts
from training.train import train


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Accounts, what was trained on them, and the same with a weight moved by 1 and by 20."""
    folder = tmp_path_factory.mktemp("mixed")
    write_facts(folder / "data", 500)
    train(folder / "data", write_card(folder / "card.yaml", MIXED), folder / "trained")
    for name, more in (("a little", 1), ("a lot", 20)):
        card = weighed(MIXED, adoption=40 + more, care=40 - more)
        build(write_card(folder / "card.yaml", card), folder / "trained", folder / name)
    return folder


def followed(follower: Follower) -> Scorer:
    """What a server loads next."""
    candidate = follower.poll()
    assert candidate is not None
    follower.accept(candidate)
    return load_scorer(candidate.folder)


@pytest.mark.slow
def test_what_is_served_is_what_was_published_promoted_or_rolled_back_to(
    s3: InS3, folder: Path, tmp_path: Path
) -> None:
    follower = Follower(s3.uri, tmp_path / "cache", client=s3.client)
    accounts = read_accounts(
        folder / "data", load_scorer(folder / "trained").inputs,
        peer_dimensions=["acct_age", "acct_size"],
    ).frame  # fmt: skip

    def scores(scorer: Scorer) -> bytes:
        encoded = scorer.encode(accounts, scoring_date=dt.date.fromisoformat(DATE))
        return np.ascontiguousarray(scorer.score(encoded).values).tobytes()

    def gate(candidate: Path, champion: Path | None) -> GateReport:
        return judge(candidate, champion, data=folder / "data", limits=Limits())

    expected = {name: scores(load_scorer(folder / name)) for name in ("trained", "a little")}
    one, two, three = (
        publish(folder / name, s3.uri, client=s3.client).version
        for name in ("trained", "a little", "a lot")
    )
    assert scores(followed(follower)) == expected["trained"]

    with pytest.raises(GateRefused) as refused:
        promote(s3.uri, three, gate=gate, client=s3.client)
    assert "stable bands" in {verdict.name for verdict in refused.value.report.failed}
    assert follower.poll() is None

    promote(s3.uri, two, gate=gate, client=s3.client)
    served = followed(follower)
    assert served.artifact.version == two
    assert scores(served) == expected["a little"]
    pointer = pointer_of(s3)
    assert pointer is not None
    told = {verdict["name"]: verdict["text"] for verdict in pointer.gate["verdicts"]}
    assert "weight of component adoption: 40 -> 41" in told["definition"]

    rollback(s3.uri, to=None, note="", client=s3.client)
    assert scores(followed(follower)) == expected["trained"]
    assert pointer_of(s3).version == one  # type: ignore[union-attr]
