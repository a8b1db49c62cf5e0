"""The calls people make in notebooks: each does one thing and gives a plain object or a table.

>>> from training import interactive                                         # doctest: +SKIP
>>> model = interactive.fit("data/sample", "build/artifact")                 # doctest: +SKIP
>>> model.evaluation                                                         # doctest: +SKIP
>>> scores = interactive.score(model, "data/sample")                         # doctest: +SKIP
>>> interactive.account(model, "data/sample", "fa61cdbba7b").figure()        # doctest: +SKIP
>>> interactive.publish(model, "s3://my-bucket/models")                      # doctest: +SKIP

Where a path is taken, text will do; where a model is taken, the path of an artifact will do. What
goes wrong is the same error, in the same words, as the command line prints. Objects show
themselves as tables in a notebook, and ``.figure()`` gives the picture that belongs to them.

Read in this order:
    accounts.py    read
    models.py      fit, load
    evaluation.py  evaluate
    scores.py      score
    standing.py    account: one account among its peers
    comparison.py  compare
    versions.py    publish, promote, rollback, versions
    showing.py     how objects show themselves
"""

from training.interactive.accounts import ReadAccounts, read
from training.interactive.comparison import Judgement, compare
from training.interactive.evaluation import Evaluation
from training.interactive.models import Model, evaluate, fit, load
from training.interactive.scores import score
from training.interactive.standing import Account, account
from training.interactive.versions import (
    Promotion,
    Publication,
    promote,
    publish,
    rollback,
    versions,
)
from training.registry import GateRefused

__all__ = [
    "Account",
    "Evaluation",
    "GateRefused",
    "Judgement",
    "Model",
    "Promotion",
    "Publication",
    "ReadAccounts",
    "account",
    "compare",
    "evaluate",
    "fit",
    "load",
    "promote",
    "publish",
    "read",
    "rollback",
    "score",
    "versions",
]
