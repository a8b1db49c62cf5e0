"""The peer's environment: FastAPI and uvicorn with all that makes them fast, never beside ours."""

import subprocess
import sys
import venv
from importlib.metadata import version
from pathlib import Path

#: The environment's folder.
HOME = "peer-venv"
#: Variable that tells the peer where the artifact lies.
MODEL = "BENCH_MODEL"
#: Of these two it gets exactly ours: the comparison is of what is around them.
_SAME = ("numpy", "orjson")
_REQUIREMENTS = ("fastapi>=0.115", "uvicorn>=0.34", "uvloop>=0.21", "httptools>=0.6.4")


def prepare_peer(folder: Path) -> Path:
    """Make the environment, once for each list of requirements; gives its Python."""
    home = folder / HOME
    python = home / "bin" / "python"
    wanted = [*_REQUIREMENTS, *(f"{name}=={version(name)}" for name in _SAME)]
    ready = home / "requirements.txt"
    if not ready.exists() or ready.read_text().split() != wanted:
        venv.create(home, with_pip=True, clear=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *wanted], check=True, stdout=sys.stderr)
        ready.write_text("\n".join(wanted) + "\n")
    return python


def command(python: Path, port: int, workers: int) -> list[str]:
    """Give the command that serves the peer."""
    options = {
        "--host": "127.0.0.1",
        "--port": str(port),
        "--workers": str(workers),
        "--loop": "uvloop",
        "--http": "httptools",
        "--log-level": "warning",
        # As long as ours: no connection is closed between two requests.
        "--timeout-keep-alive": "75",
    }
    words = [word for option in options.items() for word in option]
    app = "tests.benchmarks.http_peer_app:create_app"
    return [str(python), "-m", "uvicorn", app, "--factory", "--no-access-log", *words]
