"""css-mini's own server around a model it has fitted; run by an environment that has it.

Usage: python css_mini_serve.py CONFIG.yaml ACCOUNTS.csv PORT
"""

import sys

import pandas as pd
from css.config import ConfigModel
from css.serving.app import app
from css.serving.model_cache import ModelCache


def main(config: str, accounts: str, port: str) -> None:
    model = ConfigModel.from_yaml(config).to_obj()
    model.fit(pd.read_csv(accounts, dtype={"acct_id": str}))
    # What its own loader does with a pickle.
    ModelCache._model = model
    app.run(host="127.0.0.1", port=int(port))


main(*sys.argv[1:])
