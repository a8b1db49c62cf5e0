"""Every setting stands in deploy/README.md as it is in the code."""

from dataclasses import fields
from pathlib import Path

import pytest

from serving.gateway.settings import GatewaySettings
from serving.inference.settings import InferenceSettings

DEPLOY_README = (Path(__file__).parents[2] / "deploy" / "README.md").read_text()

SETTINGS = [item for kind in (InferenceSettings, GatewaySettings) for item in fields(kind)]


def row(item):
    about = item.metadata
    name, *others = about["names"]
    shown = f"`{name}`" + "".join(f", `{other}`" for other in others)
    default = "required" if about["default"] is None else f"`{about['default']}`"
    return f"| {shown} | {default.replace('``', '')} | {about['meaning']} |"


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda item: item.metadata["names"][0])
def test_a_setting_is_documented(setting):
    assert row(setting) in DEPLOY_README
