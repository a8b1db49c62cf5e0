"""Fit and score the reference accounts beside css-mini itself: `make bench`.

Both get the same 100,000 cleaned accounts, one thread for numerical libraries, and turns
(A B A B). Prints tables of medians and writes them with every single run to
build/bench/reference.json.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from serving.scoring import load_scorer
from tests.benchmarks.css_mini import CssMini, prepare_css_mini
from training.definition import default_scorecard, read_definition
from training.fit import fit_tables
from training.prepare import prepare
from training.reference_data import fetch_reference
from training.tables import read_accounts

BUILD = Path("build")
DATA = BUILD / "reference"
RESULTS = BUILD / "bench"
ARTIFACT = RESULTS / "artifact"
SCORES = RESULTS / "scores.csv"
ROUNDS = 2
#: Accounts whose scores are compared one by one.
COMPARED = 2000

SCORECARD = Path(sys.executable).parent / "scorecard"


def main() -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    fetch_reference(DATA)
    frame = _cleaned_accounts()
    reference = prepare_css_mini(RESULTS)
    runs = []
    for turn in range(ROUNDS):
        print(f"round {turn + 1} of {ROUNDS}: ours …", flush=True)
        ours = _run_ours(frame)
        print(f"round {turn + 1} of {ROUNDS}: css-mini (minutes) …", flush=True)
        runs.append({"ours": ours, "css_mini": reference.run(len(frame))})
    result = {
        "accounts": len(frame),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "runs": runs,
        "agreement": _agreement(reference),
    }
    (RESULTS / "reference.json").write_text(json.dumps(result, indent=1) + "\n")
    print(_speed_table(result), _agreement_table(result["agreement"]), sep="\n\n")


def _cleaned_accounts() -> pd.DataFrame:
    definition = read_definition(default_scorecard())
    dimensions = [column.name for column in definition.peer_dimension_inputs]
    frame = read_accounts(DATA, definition.columns(), peer_dimensions=dimensions).frame
    frame.to_csv(RESULTS / CssMini.ACCOUNTS, index=False)
    return frame


def _run_ours(frame: pd.DataFrame) -> dict[str, float]:
    definition = read_definition(default_scorecard())
    seconds = {}
    prepared = prepare(definition, frame, seed=0, scoring_date=None)
    for jobs in (1, 2):
        started = time.perf_counter()
        fit_tables(prepared.plan, prepared.metrics, {}, jobs=jobs)
        seconds[f"fit_{jobs}_jobs_s"] = time.perf_counter() - started
    seconds["train_command_s"] = _command("train", "--data", DATA, "--out", ARTIFACT)
    seconds["score_command_s"] = _command("score", ARTIFACT, "--data", DATA, "--out", SCORES)
    scorer = load_scorer(ARTIFACT)
    started = time.perf_counter()
    accounts = scorer.encode(frame)
    scorer.score(accounts)
    seconds["score_s"] = time.perf_counter() - started
    started = time.perf_counter()
    for row in range(COMPARED):
        scorer.score(accounts[row : row + 1])
    seconds["score_one_s"] = (time.perf_counter() - started) / COMPARED
    return seconds


def _command(*arguments: str | Path) -> float:
    started = time.perf_counter()
    subprocess.run([SCORECARD, *arguments], check=True, capture_output=True)
    return time.perf_counter() - started


def _agreement(reference: CssMini) -> dict[str, dict[str, float]]:
    """Compare the wire's metric scores of the first accounts, metric by metric."""
    ours = pd.read_csv(SCORES, nrows=COMPARED)
    theirs = pd.read_csv(reference.scores, nrows=COMPARED)
    if list(ours["acct_id"]) != list(theirs["acct_id"]):
        raise SystemExit("the two scored other accounts")
    return {
        name.removesuffix("_metric_score"): {
            "spearman": float(spearmanr(ours[name], theirs[name]).statistic),
            "mean_absolute_difference": float((ours[name] - theirs[name]).abs().mean()),
            "equal": float((ours[name] == theirs[name]).mean()),
        }
        for name in theirs.columns
        if name != "acct_id"
    }


def _speed_table(result: dict) -> str:
    ours = {key: [run["ours"][key] for run in result["runs"]] for key in result["runs"][0]["ours"]}
    theirs = {
        key: [run["css_mini"][key] for run in result["runs"]]
        for key in result["runs"][0]["css_mini"]
    }
    rows = [
        ("fit 13 metrics, arrays to tables, 1 job", ours["fit_1_jobs_s"], theirs["fit_s"]),
        ("the same, 2 jobs", ours["fit_2_jobs_s"], theirs["fit_s"]),
        ("`scorecard train`: read, fit, evaluate, write", ours["train_command_s"], theirs["fit_s"]),
        ("score all accounts, table to scores", ours["score_s"], theirs["score_s"]),
        ("`scorecard score`: read, score, write", ours["score_command_s"], theirs["score_s"]),
        ("score one account", ours["score_one_s"], theirs["score_one_s"]),
    ]
    lines = [
        f"{result['accounts']:,} accounts, {result['cpus']} CPUs; median of {ROUNDS} runs "
        "(lowest - highest), seconds",
        "",
        "| | ours | css-mini | times faster |",
        "|---|---:|---:|---:|",
    ]
    for what, own, other in rows:
        ratio = statistics.median(other) / statistics.median(own)
        lines.append(f"| {what} | {_seconds(own)} | {_seconds(other)} | {ratio:,.0f} x |")
    return "\n".join(lines)


def _seconds(runs: list[float]) -> str:
    return f"{statistics.median(runs):.3g} ({min(runs):.3g} - {max(runs):.3g})"


def _agreement_table(agreement: dict[str, dict[str, float]]) -> str:
    lines = [
        f"Agreement of metric scores (0 to 10) on {COMPARED:,} accounts",
        "",
        "| metric | Spearman | mean absolute difference | equal |",
        "|---|---:|---:|---:|",
    ]
    for name, figures in agreement.items():
        lines.append(
            f"| {name} | {figures['spearman']:.3f} "
            f"| {figures['mean_absolute_difference']:.3f} | {figures['equal']:.1%} |"
        )
    means = [np.mean([figures[key] for figures in agreement.values()]) for key in
             ("spearman", "mean_absolute_difference", "equal")]  # fmt: skip
    return "\n".join([*lines, f"| mean | {means[0]:.3f} | {means[1]:.3f} | {means[2]:.1%} |"])


if __name__ == "__main__":
    main()
