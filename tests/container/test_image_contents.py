"""What the images hold, and what they do not."""

import json
import re

import pytest

from tests.container.building import IMAGES, base_image

pytestmark = pytest.mark.container

MAX_SERVING_MB = 120

#: Prints what can be imported and run, and which files may be changed by an ordinary user.
CONTENTS = """
import importlib.metadata, importlib.util, json, os, pathlib, shutil, sys
wanted = json.loads(sys.argv[1])
below = [place for place in pathlib.Path("/").iterdir() if place.name not in ("proc", "sys", "dev")]
every = [path for place in below for path in [place, *place.rglob("*")]]
inside = [path for path in every if not path.is_symlink()]
print(json.dumps({
    "packages": sorted(found.name.lower() for found in importlib.metadata.distributions()),
    "modules": [name for name in wanted["modules"] if importlib.util.find_spec(name)],
    "programs": [name for name in wanted["programs"] if shutil.which(name)],
    "wheels": [str(path) for path in inside if path.suffix == ".whl"],
    "tests": [str(path) for path in inside if path.name in ("tests", "test") and path.is_dir()
              and "site-packages" in path.parts],
    "theirs": [str(path) for path in inside
               if path.stat().st_uid == 10001 or (path.stat().st_mode & 0o002
                                                  and not path.stat().st_mode & 0o1000)],
}))
"""
MODULES = ["pandas", "sklearn", "xgboost", "scipy", "matplotlib", "pyarrow", "pip", "ensurepip"]
MODULES += ["numpy", "pytest", "hypothesis", "moto", "tests", "jwt", "limits"]
PROGRAMS = ["cc", "gcc", "g++", "c++", "clang", "ld", "as", "make", "pip", "pip3", "git", "curl"]


@pytest.fixture(scope="module")
def contents(podman, image):
    """Look into an image: `contents("serving")`."""

    def look(target):
        wanted = json.dumps({"modules": MODULES, "programs": PROGRAMS})
        told = ["--entrypoint=python", image(target), "-c", CONTENTS, wanted]
        return json.loads(podman.run(*told).stdout)

    return look


def locked(target):
    names = re.findall(
        r"^([a-z0-9._-]+)==", (IMAGES / "requirements" / f"{target}.txt").read_text(), re.MULTILINE
    )
    return sorted([*(name.replace("_", "-") for name in names), "customer-success-scorecard"])


@pytest.mark.parametrize(
    ("target", "modules"), [("serving", ["numpy"]), ("gateway", ["numpy", "jwt", "limits"])]
)
def test_an_image_holds_what_it_runs_and_nothing_to_build_or_test_with(contents, target, modules):
    found = contents(target)

    assert [name.replace("_", "-") for name in found["packages"]] == locked(target)
    assert found["modules"] == modules
    assert found["programs"] == found["wheels"] == found["tests"] == []


@pytest.mark.parametrize(("target", "theirs"), [("serving", []), ("gateway", ["/keys"])])
def test_the_user_that_serves_may_change_nothing_in_the_image(contents, target, theirs):
    assert contents(target)["theirs"] == theirs


def test_the_serving_image_adds_little_to_its_base(podman, image, report):
    sizes = {
        name: podman.inspect("image", name)["Size"] / 1e6
        for name in (image("serving"), base_image(podman))
    }

    added = sizes[image("serving")] - sizes[base_image(podman)]

    report(f"serving image: {added:.0f} MB more than its base, unpacked")
    assert 0 < added <= MAX_SERVING_MB
