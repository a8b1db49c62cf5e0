"""css-mini's own fit of one metric, and its own parameters for other accounts.

Run by an environment that has css-mini and nothing of ours.

Usage: python css_mini_cdf.py JOB.npz OUT.npz

JOB holds `spec` (JSON: family, kwargs), `dimensions`, `values` (to fit), `asked`, `nudged`
(dimensions) and `own` (values). OUT holds the parameters that css-mini's fitted interpolator
predicts for `asked` and `nudged`, css-mini's own score of the first accounts in `proof`, and
seconds; or `error`.
"""

import json
import sys
import time

import numpy as np
import pandas as pd
from css.score import BaseMetric

#: Accounts that css-mini scores itself, to prove that its parameters give its scores.
PROVEN = 300


def main(job: str, out: str) -> None:
    with np.load(job) as arrays:
        given = dict(arrays)
    spec = json.loads(str(given["spec"]))
    try:
        result = fit(spec, given)
    except Exception as error:  # noqa: BLE001 (whatever it fails with is the result)
        result = {"error": f"{type(error).__name__}: {error}".splitlines()[0][:200]}
    np.savez(out, **result)


def fit(spec: dict, given: dict) -> dict:
    names = [f"dimension_{at}" for at in range(given["dimensions"].shape[1])]
    metric = BaseMetric.subclass_from_config_name(spec["family"])(
        name="metric", peer_dims=names, **spec["kwargs"]
    )
    frame = pd.DataFrame(given["dimensions"], columns=names).assign(metric=given["values"])
    started = time.perf_counter()
    metric.fit(frame)
    seconds = time.perf_counter() - started
    asked = pd.DataFrame(given["asked"], columns=names).assign(metric=given["own"])
    return {
        "asked": metric.param_model.predict(given["asked"]),
        "nudged": metric.param_model.predict(given["nudged"]),
        "proof": metric.score(asked.head(PROVEN))["metric_score"].to_numpy(float),
        "seconds": seconds,
    }


main(*sys.argv[1:])
