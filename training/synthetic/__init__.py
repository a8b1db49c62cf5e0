"""Synthetic accounts whose true peer ranks are known in closed form.

`shapes` has the kinds of distribution, `metrics` the thirteen metrics made of them, `accounts`
draws and writes the files.
"""

from training.synthetic.accounts import FILES, sample_accounts, write_sample
from training.synthetic.metrics import METRICS, Shape

__all__ = ["FILES", "METRICS", "Shape", "sample_accounts", "write_sample"]
