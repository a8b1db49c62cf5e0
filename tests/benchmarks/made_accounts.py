"""Synthetic accounts in any number, and an artifact that scores them; accounts are kept."""

import subprocess
from pathlib import Path

from tests.benchmarks.report import CACHE, RESULTS
from tests.processes import BIN

SEED = 2026
SCORECARD = BIN / "scorecard"


def made_accounts(count: int) -> Path:
    """Give the folder of this many, made on first use by `scorecard data sample`."""
    folder = CACHE / f"accounts-{count}"
    if not folder.exists():
        print(f"making {count:,} accounts …", flush=True)
        part = folder.with_name(f"{folder.name}.part")
        _run("data", "sample", "--accounts", count, "--seed", SEED, "--out", part)
        part.rename(folder)
    return folder


def trained_artifact() -> Path:
    """Train the default card on data/sample, as the code is now."""
    artifact = RESULTS / "sizes-artifact"
    _run("train", "--data", "data/sample", "--out", artifact)
    return artifact


def _run(*words: str | int | Path) -> None:
    subprocess.run([SCORECARD, *map(str, words)], check=True, capture_output=True)
