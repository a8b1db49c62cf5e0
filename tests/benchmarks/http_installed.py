"""What has to be installed to serve: distributions and their bytes."""

from collections.abc import Iterable
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement

_PACKAGE = "customer-success-scorecard"
_ROOT = Path(__file__).parents[2]
#: What every new environment holds, whatever it is for.
_INSTALLERS = {"pip", "setuptools"}


def needed_by(extra: str) -> dict[str, int]:
    """Give bytes by distribution of this package with an extra, and all that this needs."""
    found: dict[str, int] = {}
    to_do = [Requirement(f"{_PACKAGE}[{extra}]")]
    seen = set()
    while to_do:
        requirement = to_do.pop()
        if str(requirement) in seen:
            continue
        seen.add(str(requirement))
        wanted = distribution(requirement.name)
        found[wanted.name] = _bytes(wanted)
        to_do += _requirements(wanted, requirement.extras)
    # Installed in place here: its list of files has none of its modules.
    found[_PACKAGE] += sum(
        path.stat().st_size for name in ("serving", "training") for path in _modules(name)
    )
    return found


def _modules(folder: str) -> Iterable[Path]:
    return (_ROOT / folder).rglob("*.py")


def _requirements(wanted: Distribution, extras: set[str]) -> Iterable[Requirement]:
    for text in wanted.requires or ():
        requirement = Requirement(text)
        environments = [{"extra": extra} for extra in extras or {""}]
        if not requirement.marker or any(map(requirement.marker.evaluate, environments)):
            yield requirement


def held_by(environment: Path) -> dict[str, int]:
    """Give bytes by distribution of a whole environment, without pip."""
    (folder,) = environment.glob("lib/python*/site-packages")
    return {
        found.name: _bytes(found)
        for found in distributions(path=[str(folder)])
        if found.name not in _INSTALLERS
    }


def _bytes(found: Distribution) -> int:
    paths = {Path(str(found.locate_file(file))) for file in found.files or ()}
    return sum(path.stat().st_size for path in paths if path.is_file())
