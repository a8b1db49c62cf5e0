"""What the images are built from here: a base made on the spot, packages fetched beforehand."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.container.podman import Podman

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "deploy" / "images"
#: What is made or fetched once per machine.
CACHE = (
    Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "customer-success-scorecard"
)
#: The stand-in for python:3.11-slim-bookworm where no image can be pulled: the same Debian, with
#: the Python 3.11 it brings.
_DEBIAN = [
    "mmdebstrap",
    "--quiet",
    "--variant=minbase",
    "--aptopt=APT::Install-Recommends false",
    "--include=ca-certificates,python3,python3-venv",
    *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("man", "doc", "locale")),
    "bookworm",
]


def missing() -> list[str]:
    """Name the programs that are needed and not here."""
    needed = ["podman", "runc", *([] if "BASE_IMAGE" in os.environ else ["mmdebstrap"])]
    return [name for name in needed if not shutil.which(name)]


def base_image(podman: Podman) -> str:
    """Give the image that ours begin with: that of the variable BASE_IMAGE, or one made here."""
    if given := os.environ.get("BASE_IMAGE"):
        return given
    key = hashlib.sha256(" ".join(_DEBIAN).encode()).hexdigest()[:12]
    name = f"localhost/base:{key}"
    if podman("image", "exists", name, ok=False).returncode:
        podman("import", "--quiet", _debian(CACHE / f"base-{key}.tar"), name)
    return name


def _debian(archive: Path) -> Path:
    if not archive.exists():
        archive.parent.mkdir(parents=True, exist_ok=True)
        partial = archive.with_suffix(f".{os.getpid()}.tar")
        try:
            _run(*_DEBIAN, partial)
            partial.replace(archive)
        finally:
            partial.unlink(missing_ok=True)
    return archive


def fetch_packages(lock: str) -> Path:
    """Fetch the packages of a lock, each checked against its hash, into a folder for all."""
    requirements = IMAGES / "requirements" / f"{lock}.txt"
    folder = CACHE / "wheels"
    fetched = folder / f".{lock}-{hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]}"
    if not fetched.exists():
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        options = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--python-version=3.11"]
        _run(*pip, *options, "-d", folder, "-r", requirements)
        fetched.touch()
    return folder


def build(podman: Podman, target: str, *flags: str, tag: str = "test", root: Path = ROOT) -> str:
    """Build an image with the program users build it with; gives its name."""
    for lock in ["wheel", target]:
        packages = fetch_packages(lock)
    offline = ["--build-arg=PIP_NO_INDEX=1", "--build-arg=PIP_FIND_LINKS=/packages"]
    offline += [f"--volume={packages}:/packages:ro", "--pull=never"]
    base = f"--build-arg=BASE_IMAGE={base_image(podman)}"
    # What chroot isolates is enough for a build, and works on every kernel.
    told = ["--isolation=chroot", *offline, base, *flags]
    environ = {
        **os.environ,
        "ENGINE": " ".join(podman.command),
        "BUILD_FLAGS": " ".join(told),
        "TAG": tag,
    }
    _run(root / "deploy" / "images" / "build", target, environ=environ)
    return f"localhost/scorecard-{target}:{tag}"


def _run(*words: str | Path, environ: dict[str, str] | None = None) -> None:
    done = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
