"""An artifact of absolute metrics, made without a fit, and files of accounts for it."""

import csv
import io

import numpy as np
import pandas as pd

from tests.training.absolute_cards import HEALTH, make_facts, write_card
from training.build import build


def build_health(folder, **changes):
    """Build the artifact; gives its path."""
    folder.mkdir(parents=True, exist_ok=True)
    build(write_card(folder / "health.yaml", HEALTH | changes), None, folder / "A")
    return folder / "A"


def write_tables(folder, accounts, special=()):
    """Write the tables of a folder, in another order each; ids in `special` are made so."""
    folder.mkdir(parents=True, exist_ok=True)
    ids = [f"acct {number}" for number in range(accounts)]
    for place, name in special:
        ids[place] = name
    facts = make_facts(accounts).drop(columns=["tenure", "logins"])
    facts.insert(0, "acct_id", ids)
    facts["last_updated"] = "2026-11-01T00:00:00Z"
    facts.sample(frac=1, random_state=3).to_csv(folder / "facts.csv", index=False)
    peers = pd.DataFrame({"acct_id": ids, "acct_size": np.arange(accounts)})
    peers.to_csv(folder / "peer_dims.csv", index=False)
    return folder


def without_stamp(text):
    """The rows of a CSV of scores, without when they were made."""
    rows = [*csv.DictReader(io.StringIO(text))]
    return [{key: row[key] for key in row if key != "last_modified"} for row in rows]
