"""Fit and score with css-mini itself; run by an environment that has it and nothing of ours.

Usage: python css_mini_run.py CONFIG.yaml ACCOUNTS.csv SCORED_ACCOUNTS OUT.csv
Prints a JSON object of seconds.
"""

import json
import sys
import time

import pandas as pd
from css.config import ConfigModel

#: Accounts scored singly, to time one.
ONE_BY_ONE = 50


def main(config: str, accounts: str, scored_accounts: str, out: str) -> None:
    frame = pd.read_csv(accounts, dtype={"acct_id": str})
    model = ConfigModel.from_yaml(config).to_obj()
    started = time.perf_counter()
    model.fit(frame)
    fitted = time.perf_counter()
    scored = frame.head(int(scored_accounts))
    scores = model.score(scored)
    finished = time.perf_counter()
    for row in range(ONE_BY_ONE):
        model.score(frame.iloc[row : row + 1])
    one = (time.perf_counter() - finished) / ONE_BY_ONE
    metrics = {
        f"{component}_{metric}_metric_score": scores[component, metric, "metric_score"]
        for component, metric, what in scores.columns
        if what == "metric_score"
    }
    pd.DataFrame({"acct_id": scored["acct_id"], **metrics}).to_csv(out, index=False)
    print(json.dumps({"fit_s": fitted - started, "score_s": finished - fitted, "score_one_s": one}))


main(*sys.argv[1:])
