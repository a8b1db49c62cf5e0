"""Competitor: css-mini's own package, one metric at a time, with every family it has.

css-mini fits in an environment of its own; its fitted interpolator says each account's
parameters, and F is the family's distribution function at these. That this is what css-mini
scores is proven for the first accounts of every fit.
"""

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from tests.benchmarks.css_mini import prepare_css_mini
from tests.benchmarks.tasks import Answer, Answers, Floats, Task

RESULTS = Path("build/bench")
_SCRIPT = Path(__file__).with_name("css_mini_cdf.py")
FAMILIES = {
    "ipmnormal": stats.norm,
    "ipmgamma": stats.gamma,
    "ipmbeta": stats.beta,
    "ipmexponential": stats.expon,
}
#: As in its own configuration, for every metric.
_DEFAULTS = {"n_neighbors": 1000, "param_estimator": "nearestneighbors"}
#: With fewer accounts than `FEW` it gets fewer neighbours: measured better for it at 5,000.
FEW = 25_000
FEW_NEIGHBOURS = 200
#: A family that gives NaN for a larger share of the accounts has failed.
MOST_NAN = 0.01
#: Fits at once, a thread each.
JOBS = 2
#: A fit that takes longer than this counts as failed.
TIMEOUT_S = 60


@dataclass(frozen=True)
class Setting:
    """One way to configure css-mini for a metric: which dimensions, which arguments."""

    family: str
    positions: tuple[int, ...] = (0, 1)
    kwargs: Mapping[str, Any] = field(default_factory=dict)


def css_mini_best(task: Task) -> Answers:
    """Answer with the family that held-out accounts show to be best: hindsight in its favour.

    Two dimensions are what its mesh of 15 points each is made for. For more it gets the best pair
    of the numeric ones or all of them (a category by its code) with 3 points each, whichever its
    quickest family shows to be better.
    """
    return {name: _best(task, name, _positions(task, name)) for name in task.metrics}


def _positions(task: Task, name: str) -> Setting:
    few = {"n_neighbors": FEW_NEIGHBOURS} if len(task.dimensions) < FEW else {}
    numeric = [at for at, column in enumerate(task.columns) if not column.categories]
    tried = [Setting("ipmnormal", pair, few) for pair in combinations(numeric, 2)]
    if len(task.columns) > 2:
        everything = tuple(range(len(task.columns)))
        tried.append(Setting("ipmnormal", everything, {**few, "n_reps_per_dim": 3}))
    if len(tried) == 1:
        return tried[0]
    found = [_ask(task, name, setting) for setting in tried]
    losses = [np.inf if isinstance(answer, str) else _loss(task, name, answer) for answer in found]
    return tried[int(np.argmin(losses))]


def _loss(task: Task, name: str, answer: Answer) -> float:
    outcomes = task.asked_metrics[name][:, None] <= task.thresholds(name)
    return float(((answer.at_thresholds - outcomes) ** 2).mean())


def css_mini_configured(config: Mapping[str, Any]) -> Any:
    """Make a competitor that takes family and arguments of each metric from css-mini's config."""

    def answer(task: Task) -> Answers:
        answers = {}
        for name in task.metrics:
            entry = config[name]
            kwargs = {key: value for key, value in entry["kwargs"].items() if key != "peer_dims"}
            setting = Setting(entry["type_config_name"], kwargs=kwargs)
            found = _ask(task, name, setting)
            if isinstance(found, str):
                raise SystemExit(f"css-mini failed on {name}: {found}")
            answers[name] = found
        return answers

    return answer


def _best(task: Task, name: str, where: Setting) -> Answer:
    bound = {} if task.upper is None else {"max": task.upper}
    settings = [
        replace(where, family=family, kwargs={**where.kwargs, **bound}) for family in FAMILIES
    ]
    with ThreadPoolExecutor(JOBS) as pool:
        found = dict(
            zip(
                FAMILIES, pool.map(lambda setting: _ask(task, name, setting), settings), strict=True
            )
        )
    fitted = [answer for answer in found.values() if not isinstance(answer, str)]
    if not fitted:
        raise SystemExit(f"css-mini has no family for {name}: {found}")
    best = min(fitted, key=lambda answer: _loss(task, name, answer))
    failed = [
        f"{family.removeprefix('ipm')}: {answer}"
        for family, answer in found.items()
        if isinstance(answer, str)
    ]
    return replace(best, note="; failed: ".join([best.note, *failed]))


def _ask(task: Task, name: str, setting: Setting) -> Answer | str:
    """Fit one setting; gives what went wrong instead, if something did."""
    fitted = _fit(task, name, setting)
    if "error" in fitted:
        return str(fitted["error"])
    own = task.asked_metrics[name]
    law = FAMILIES[setting.family]

    def cdf(parameters: Floats, values: Floats) -> Floats:
        # What its `_compute_dist` does, row by row there.
        found = law.cdf(values, *parameters.T)
        top = setting.kwargs.get("max")
        return found if top is None else np.where(values >= top, 1.0, found)

    mine = cdf(fitted["asked"], own)
    proof = fitted["proof"]
    if not np.allclose(mine[: len(proof)], proof, rtol=0, atol=1e-12, equal_nan=True):
        raise SystemExit(f"css-mini scores {name} differently from its own parameters: {setting}")
    lost = int(np.isnan(mine).sum())
    if lost > MOST_NAN * len(own):
        return f"NaN for {lost} of {len(own)}"
    at = [cdf(fitted["asked"], np.full(len(own), value)) for value in task.thresholds(name)]
    pooled = np.sort(task.metrics[name])
    dimensions = ", ".join(task.columns[position].name for position in setting.positions)
    where = f" on {dimensions}" if len(task.columns) > 2 else ""
    return Answer(
        _fill(np.column_stack(at), pooled, task.thresholds(name)),
        _fill(mine, pooled, own),
        _fill(mine, pooled, own),
        _fill(cdf(fitted["nudged"], own), pooled, own),
        note=setting.family.removeprefix("ipm")
        + where
        + (f"; NaN for {lost} of {len(own)}" if lost else ""),
    )


def _fill(cdf: Floats, pooled: Floats, values: Floats) -> Floats:
    """Ignore peers where css-mini says NaN: it has no score there, and this is kind to it."""
    alone = np.searchsorted(pooled, values, side="right") / len(pooled)
    return np.where(np.isnan(cdf), alone, cdf)


def _fit(task: Task, name: str, setting: Setting) -> dict[str, Any]:
    """Let css-mini fit, or take what it has fitted before."""
    positions = list(setting.positions)
    spec = json.dumps(
        {"family": setting.family, "kwargs": _DEFAULTS | setting.kwargs}, sort_keys=True
    )
    job = {
        "spec": np.array(spec),
        "dimensions": task.dimensions[:, positions],
        "values": task.metrics[name],
        "asked": task.asked[:, positions],
        "nudged": task.nudged()[:, positions],
        "own": task.asked_metrics[name],
    }
    digest = hashlib.sha256(_SCRIPT.read_bytes())
    for array in job.values():
        digest.update(np.ascontiguousarray(array).tobytes())
    cached = RESULTS / "cache" / f"css-mini-fit-{digest.hexdigest()[:16]}.npz"
    if not cached.exists():
        _run(job, cached)
    with np.load(cached) as arrays:
        return dict(arrays)


def _run(job: Mapping[str, Any], out: Path) -> None:
    css_mini = prepare_css_mini(RESULTS)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "job.npz"
        np.savez(path, **job)
        command: Sequence[Any] = [css_mini.python, _SCRIPT, path, Path(scratch) / "out.npz"]
        environment = {**os.environ, "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"}
        try:
            subprocess.run(
                command, check=True, capture_output=True, env=environment, timeout=TIMEOUT_S
            )
            (Path(scratch) / "out.npz").replace(out)
        except subprocess.TimeoutExpired:
            np.savez(out, error=np.array(f"not finished after {TIMEOUT_S} s"))
