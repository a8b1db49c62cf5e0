"""Three metrics, fitted to accounts as they are and to accounts that were tampered with."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from training.build import build
from training.synthetic import FILES, sample_accounts
from training.train import train

ACCOUNTS = 2500
#: An account in five evaluates, or a little fewer or more.
CARD = """
schema: scorecard/v1
id: three-metrics
scale: {type: out_of_10, step: 1}
peer_dimensions: [acct_age, acct_size]
metrics:
  workflowrules: {kind: peer}
  activation_rate: {kind: peer}
  bots: {kind: peer}
components:
  auto: {weight: 3, metrics: {workflowrules: 1, bots: 1}}
  consumption: {weight: 2, metrics: {activation_rate: 1}}
"""
CARDS = {
    "card": CARD,
    "reversed": CARD.replace("bots: {kind: peer}", "bots: {kind: peer, higher_is_better: false}"),
    "renamed": CARD.replace("  consumption:", "  usage:"),
    "rescaled": CARD.replace("out_of_10, step: 1", "zero_to_100"),
    "without_bots": CARD.replace("  bots: {kind: peer}\n", "").replace(", bots: 1", ""),
    "reweighted": CARD.replace("bots: 1", "bots: 2"),
}


def write_folder(frames: dict[str, pd.DataFrame], folder: Path) -> Path:
    folder.mkdir()
    for stem, frame in frames.items():
        frame.to_csv(folder / f"{stem}.csv", index=False)
    return folder


def some_of(frames, ids):
    return {stem: frame[frame["acct_id"].isin(ids)] for stem, frame in frames.items()}


def without_bots(frames):
    usage = frames["usage_metrics"].assign(bots=np.nan)
    return frames | {"usage_metrics": usage}


def tampered_with(frames):
    """One metric shuffled among the accounts, two others swapped."""
    frames = {stem: frame.copy() for stem, frame in frames.items()}
    usage = frames["usage_metrics"].set_index("acct_id")
    product = frames["product_metrics"].set_index("acct_id")
    rng = np.random.default_rng(0)
    usage["workflowrules"] = rng.permutation(usage["workflowrules"].to_numpy())
    bots = usage["bots"].reindex(product.index)
    usage["bots"] = product["activation_rate"].reindex(usage.index)
    product["activation_rate"] = bots
    frames |= {"usage_metrics": usage.reset_index(), "product_metrics": product.reset_index()}
    return frames


BUILT = ("reversed", "renamed", "rescaled", "without_bots", "reweighted")


def made_in(folder: Path) -> SimpleNamespace:
    """What `make_artifacts` made; `.data` is what the champion was trained with.

    `.few` was trained on 200 accounts, none of which had bots.
    """
    made = {name: folder / name for name in ("champion", "retrained", "broken", "few", *BUILT)}
    return SimpleNamespace(data=folder / "data", tampered=folder / "tampered", **made)


def make_artifacts(folder: Path) -> None:
    """Train four artifacts and build five."""
    frames = sample_accounts(ACCOUNTS, seed=3)
    ids = frames["peer_dims"]["acct_id"]
    folders = {
        "champion": write_folder(frames, folder / "data"),
        "retrained": write_folder(
            some_of(frames, ids.sample(frac=0.8, random_state=1)), folder / "fewer"
        ),
        "broken": write_folder(tampered_with(frames), folder / "tampered"),
        "few": write_folder(without_bots(some_of(frames, ids[:200])), folder / "few_accounts"),
    }
    assert set(frames) == set(FILES)
    cards = {name: folder / f"{name}.yaml" for name in CARDS}
    for name, path in cards.items():
        path.write_text(CARDS[name])
    for name, data in folders.items():
        train(data, cards["card"], folder / name, jobs=2)
    for name in BUILT:
        build(cards[name], folder / "champion", folder / name)
