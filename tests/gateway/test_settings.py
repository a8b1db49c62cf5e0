import pytest

from serving.gateway.keys import issue
from serving.gateway.settings import GatewaySettings, mode_of, sagemaker_endpoint
from serving.web.settings import SettingsError, read_settings
from tests.gateway.fakes import NOON


def environ(tmp_path, **changed):
    path = tmp_path / "keys.json"
    if not path.exists():
        issue(path, "a", NOON)
    return {
        "SCORECARD_UPSTREAM": "http://127.0.0.1:8080",
        "SCORECARD_KEYS_FILE": str(path),
        **changed,
    }


def test_two_variables_are_enough(tmp_path):
    settings = read_settings(GatewaySettings, environ(tmp_path))

    assert settings.upstream == "http://127.0.0.1:8080"
    assert (settings.host, settings.port, settings.stage) == ("127.0.0.1", 8000, "default")
    assert (settings.auth_header, settings.upstream_timeout_s) == ("x-api-key", 29)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("SCORECARD_UPSTREAM", "", "not set"),
        ("SCORECARD_UPSTREAM", "127.0.0.1:8080", "no scheme"),
        ("SCORECARD_UPSTREAM", "ftp://127.0.0.1", "another protocol"),
        ("SCORECARD_UPSTREAM", "http://", "no host"),
        ("SCORECARD_UPSTREAM", "http://a:b", "a word as port"),
        ("SCORECARD_UPSTREAM", "http://a:65536", "no such port"),
        ("SCORECARD_UPSTREAM", "http://a/invocations", "the gateway adds the path"),
        ("SCORECARD_UPSTREAM", "http://a?b", "a query"),
        ("SCORECARD_UPSTREAM", "http://a\r\nX: y", "a line break"),
        ("SCORECARD_UPSTREAM", "sagemaker://", "no name"),
        ("SCORECARD_UPSTREAM", "sagemaker://a/b", "a path"),
        ("SCORECARD_UPSTREAM", "sagemaker://a_b", "no endpoint's name"),
        ("SCORECARD_ENDPOINT", "-a", "no endpoint's name"),
        ("SCORECARD_ENDPOINT", "a" * 64, "too long"),
        ("SCORECARD_GATEWAY_MODE", "lenient", "no such mode"),
        ("SCORECARD_GATEWAY_METRICS_PORT", "65536", "no port"),
        ("SCORECARD_KEYS_FILE", "nowhere.json", "no such file"),
        ("SCORECARD_AUTH_HEADER", "x_api_key", "gunicorn drops it"),
        ("SCORECARD_AUTH_HEADER", "x api key", "no header's name"),
        ("SCORECARD_AUTH_HEADER", "Content-Type", "the key would be forwarded"),
        ("SCORECARD_AUTH_HEADER", "X-Request-Id", "taken"),
        ("SCORECARD_AUTH_HEADER", "Host", "taken"),
        ("SCORECARD_STAGE", "a/b", "two parts"),
        ("SCORECARD_STAGE", "<path:x>", "a pattern of Flask's"),
        ("SCORECARD_GATEWAY_PORT", "0", "no port"),
        ("SCORECARD_GATEWAY_WORKERS", "none", "no number"),
        ("SCORECARD_GATEWAY_THREADS", "1", "one slow caller would stop a worker"),
        ("SCORECARD_UPSTREAM_TIMEOUT_S", "nan", "no time"),
    ],
)
def test_a_mistake_is_named(tmp_path, name, value, why):
    with pytest.raises(SettingsError, match=name):
        read_settings(GatewaySettings, environ(tmp_path, **{name: value}))


def test_a_password_in_the_upstream_is_refused_and_not_repeated(tmp_path):
    given = environ(tmp_path, SCORECARD_UPSTREAM="http://user:marked-password@a")

    with pytest.raises(SettingsError, match="no password") as refused:
        read_settings(GatewaySettings, given)

    assert "marked" not in str(refused.value)


def test_a_sagemaker_endpoint_lends_its_name_and_its_mode(tmp_path):
    given = environ(tmp_path, SCORECARD_UPSTREAM="sagemaker://css", AWS_REGION="eu-west-1")

    settings = read_settings(GatewaySettings, given)

    assert sagemaker_endpoint(settings) == "css"
    assert mode_of(settings) == "strict"
    assert mode_of(read_settings(GatewaySettings, environ(tmp_path))) == "proxy"
