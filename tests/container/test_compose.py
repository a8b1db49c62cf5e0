"""deploy/compose.yaml says what the images, the settings and this version say.

That its containers run confined as it confines them is tested in test_gateway_image.py.
"""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from serving.gateway.settings import GatewaySettings
from serving.inference.settings import InferenceSettings
from serving.web.server import GRACEFUL_TIMEOUT_S
from tests.container.building import IMAGES, ROOT
from tests.container.composed import FILE, SERVICES, TEXT
from tests.container.test_locks import PROJECT

DOCKERFILE = (IMAGES / "Dockerfile").read_text()
SETTINGS = {"serving": InferenceSettings, "gateway": GatewaySettings}
#: Keys of the Compose Specification that are used; a misspelled one would be passed over.
KEYS = {
    "build",
    "cap_drop",
    "depends_on",
    "environment",
    "expose",
    "image",
    "mem_limit",
    "ports",
    "read_only",
    "restart",
    "security_opt",
    "stop_grace_period",
    "tmpfs",
    "user",
    "volumes",
}


def stage(target):
    """The lines of the Dockerfile that make a target."""
    after = DOCKERFILE.split(f"AS {target}\n", 1)[1]
    return after.split("\nFROM ", 1)[0]


def declared(kind):
    """The fields of a settings class, by every variable that sets one."""
    return {name: item for item in fields(kind) for name in item.metadata["names"]}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_uses_keys_that_compose_knows(service):
    assert {*FILE} <= {"name", "services", "volumes", "x-confined"}
    assert {*SERVICES[service]} <= KEYS


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_built_from_its_target_as_this_version(service):
    told = SERVICES[service]
    context = (ROOT / "deploy" / told["build"]["context"]).resolve()

    assert context == ROOT
    assert context / told["build"]["dockerfile"] == IMAGES / "Dockerfile"
    assert told["build"]["target"] == service
    assert stage(service)
    assert told["image"] == f"scorecard-{service}:{PROJECT['project']['version']}"


@pytest.mark.parametrize("service", SERVICES)
def test_the_variables_of_a_service_are_settings_with_values_they_take(service):
    known = declared(SETTINGS[service])

    for name, value in SERVICES[service]["environment"].items():
        if name in known:
            default = re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", value)
            assert known[name].metadata["parse"](default)
        else:
            assert name.startswith("AWS_"), f"{name} is no setting"
            assert value is None, "passed on as it is, not written down"


def test_ports_are_those_of_images_and_settings():
    gateway, serving = SERVICES["gateway"], SERVICES["serving"]
    (expose,) = re.findall(r"^EXPOSE (\d+)$", stage("serving"), re.MULTILINE)
    (gateway_expose,) = re.findall(r"^EXPOSE (\d+)$", stage("gateway"), re.MULTILINE)

    assert expose == declared(InferenceSettings)["SCORECARD_PORT"].metadata["default"]
    assert gateway_expose == declared(GatewaySettings)["SCORECARD_GATEWAY_PORT"].metadata["default"]
    assert serving["expose"] == [expose]
    assert "ports" not in serving, "only the gateway is to be reached"
    assert gateway["ports"] == [f"127.0.0.1:{gateway_expose}:{gateway_expose}"]
    assert gateway["environment"]["SCORECARD_UPSTREAM"] == f"http://serving:{expose}"
    for target, port in [("serving", expose), ("gateway", gateway_expose)]:
        assert f'"{port}"]' in stage(target), "the health check asks the same port"


def test_volumes_are_where_the_images_look():
    (model,) = SERVICES["serving"]["volumes"]
    (keys,) = SERVICES["gateway"]["volumes"]

    place = declared(InferenceSettings)["SCORECARD_MODEL"].metadata["default"]
    assert model.split(":")[1:] == [place, "ro"]
    (file,) = re.findall(r"SCORECARD_KEYS_FILE=(\S+)", stage("gateway"))
    assert keys.split(":") == ["keys", str(Path(file).parent)]
    assert "keys" in FILE["volumes"]


def test_services_are_confined_and_have_the_time_they_need_to_stop():
    for told in SERVICES.values():
        assert told["user"] == "10001:10001"
        assert told["read_only"]
        assert told["cap_drop"] == ["ALL"]
        assert int(told["stop_grace_period"].removesuffix("s")) > GRACEFUL_TIMEOUT_S


def test_nothing_secret_is_written_down():
    assert not re.search(r"(?i)(secret|token|password|pepper)\w*:[ \t]+\S", TEXT)
