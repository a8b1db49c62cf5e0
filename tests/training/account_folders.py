"""Folders of account CSVs, read and looked at."""

import pandas as pd

from serving.scoring.column import Input
from training.tables import read_accounts

AGE, BOTS, RATE = Input("age"), Input("bots"), Input("rate")
PEERS = "acct_id,age\nB,1\nA,2\nC,3\n"
USAGE = "acct_id,bots,last_updated\nA,10,2024-01-02\nB,20,2024-01-02\nC,30,2024-01-02\n"


def write(folder, **files):
    for name, content in files.items():
        (folder / f"{name}.csv").write_text(content, encoding="utf-8")
    return folder


def read(folder, inputs=(AGE, BOTS), *, peer_dimensions=("age",), max_refused_share=1.0):
    return read_accounts(
        folder, inputs, peer_dimensions=peer_dimensions, max_refused_share=max_refused_share
    )


def values(accounts, column="bots"):
    frame = accounts.frame
    return {
        account: None if pd.isna(value) else value
        for account, value in zip(frame["acct_id"], frame[column], strict=True)
    }


def refused(accounts):
    return [(entry.file, entry.line) for entry in accounts.refusals.entries]
