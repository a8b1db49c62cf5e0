"""css-mini's own server around a pickle that its own loader loads, as in its container.

Run by an environment that has css-mini and nothing of ours.

Usage: python css_mini_serve.py fit CONFIG.yaml ACCOUNTS.csv FOLDER
       python css_mini_serve.py serve FOLDER PORT

Its `serve` listens on port 8080 and reads /opt/ml/model; here are another port and folder, and
nothing else is different. Like there, the first invocation loads the model.
"""

import sys
from pathlib import Path

from css.serving import model_cache

#: As its loader calls it.
FILE = "css-model"


def fit(config: str, accounts: str, folder: str) -> None:
    import pandas as pd
    from css.config import ConfigModel

    model = ConfigModel.from_yaml(config).to_obj()
    model.fit(pd.read_csv(accounts, dtype={"acct_id": str}))
    # An interrupted run leaves no half a file behind.
    unfinished = Path(folder) / "unfinished"
    with unfinished.open("wb") as file:
        model_cache.pkl.dump(model, file)
    unfinished.rename(unfinished.with_name(FILE))


def serve(folder: str, port: str) -> None:
    from css.serving.app import app

    model_cache.MODEL_DIR_PATH = Path(folder)
    app.run(host="127.0.0.1", port=int(port))


if __name__ == "__main__":
    {"fit": fit, "serve": serve}[sys.argv[1]](*sys.argv[2:])
