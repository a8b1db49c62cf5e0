"""Build the wheel, install it into an environment of its own, and test what users start.

Run by `make test-wheel`. The repository's packages are nowhere near: only tests, data, deploy and
documents are copied. A file that is missing from the wheel is found here and not by a user.
"""

import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: What the tests themselves need, beside the wheel.
TOOLS = [
    "hypothesis",
    "jsonpath-ng",
    "jsonschema",
    "moto[s3,server]",
    "pytest",
    "pytest-randomly",
    "pytest-xdist",
]
#: Container and commands as they are installed. What functions do does not depend on where they
#: lie; `make test` tells.
AS_INSTALLED = ["tests/contract", "tests/system", "tests/test_cli_root.py"]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="scorecard-wheel-") as scratch:
        folder = Path(scratch)
        run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT)
        (wheel,) = folder.glob("*.whl")
        venv.create(folder / ".venv", with_pip=True)
        python = folder / ".venv" / "bin" / "python"
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run(*pip, f"{wheel}[training,serving,gateway]", *TOOLS)
        clone = folder / "clone"
        clone.mkdir()
        for name in ["tests", "data", "deploy"]:
            shutil.copytree(ROOT / name, clone / name)
        for path in [*ROOT.glob("*.md"), ROOT / "pyproject.toml"]:
            shutil.copy(path, clone)
        run(python, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", *AS_INSTALLED, cwd=clone)


def run(*command: str | Path, cwd: Path | None = None) -> None:
    finished = subprocess.run([str(word) for word in command], cwd=cwd, check=False)
    if finished.returncode:
        raise SystemExit(finished.returncode)


if __name__ == "__main__":
    main()
