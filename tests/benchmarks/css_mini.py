"""css-mini in an environment of its own: never beside ours, never committed."""

import json
import os
import subprocess
import sys
import tarfile
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from training.reference_data import download_sdist

#: What it declares, and flask, which its server imports.
_DEPENDENCIES = ["numpy", "pandas", "pydantic", "scipy", "scikit-learn", "PyYAML", "flask"]
_CONFIG = "example/service_cloud_mini/config.yaml"
_RUN = Path(__file__).with_name("css_mini_run.py")


@dataclass(frozen=True)
class CssMini:
    """css-mini, installed, and the accounts it is to score."""

    ACCOUNTS: ClassVar[str] = "accounts.csv"

    python: Path
    folder: Path

    @property
    def scores(self) -> Path:
        return self.folder / "css_mini_scores.csv"

    def run(self, accounts: int) -> dict[str, float]:
        """Fit on all accounts and score `accounts` of them; gives seconds."""
        done = subprocess.run(
            [
                self.python,
                _RUN,
                self.folder / "config.yaml",
                self.folder / self.ACCOUNTS,
                str(accounts),
                self.scores,
            ],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"},
        )
        return json.loads(done.stdout.splitlines()[-1])


def prepare_css_mini(folder: Path) -> CssMini:
    """Install css-mini from its verified source distribution, once."""
    home = folder / "css-mini-venv"
    python = home / "bin" / "python"
    if not (folder / "config.yaml").exists():
        sdist = download_sdist(folder)
        venv.create(home, with_pip=True, clear=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *_DEPENDENCIES], check=True, stdout=sys.stderr)
        subprocess.run([*pip, "--no-deps", sdist], check=True, stdout=sys.stderr)
        with tarfile.open(sdist) as archive:
            top = archive.getnames()[0].split("/")[0]
            config = archive.extractfile(f"{top}/{_CONFIG}")
            if config is None:
                raise SystemExit(f"{sdist} has no {_CONFIG}")
            (folder / "config.yaml").write_bytes(config.read())
    return CssMini(python, folder)
