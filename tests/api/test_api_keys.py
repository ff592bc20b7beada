"""Named keys: who may call what, and that nobody stands open on a network by accident."""

import hmac
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from api.guarding.keys import KeyRing
from api.listening import listen
from api.monitoring.observing import Observer
from api.serving.server import Classified
from api.settings import Settings
from recipe_assets.errors import SettingsError
from tests.api.conftest import PATIENCE, ROOT, Running, Studio
from tests.release import factory

KEYS = "photoshop=s3cret/one, batch=s3cret=two"
PREDICT = "/api/v1/predict"
RELOAD = "/api/v1/model/reload"
GUARDED = [
    ("POST", PREDICT),
    ("POST", "/api/v1/predict/batch"),
    ("GET", "/api/v1/classify?http://203.0.113.1/photo.jpg"),
    ("POST", "/api/v1/classify?http://203.0.113.1/photo.jpg"),
    ("GET", "/api/v1/model"),
    ("POST", RELOAD),
    ("POST", "/api/v1/model/rollback"),
    ("GET", "/api/v1/neighbors/any/0.jpg"),
    ("GET", "/api/v1//model"),
    ("GET", "/api/v1/model/"),
    ("GET", "/api/v1/%6dodel"),
]
OPEN = ["/", "/docs", "/docs/openapi.json", "/api/v1/docs", "/assets/swagger-ui/swagger-ui.css", "/api/v1/health",
        "/api/v1/health/live", "/api/v1/health/ready", "/metrics"]  # fmt: skip


def settings(**changes: object) -> Settings:
    return Settings(**({"releases": "unused", "cache": Path("unused")} | changes))


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An API with two named keys and an admin key."""
    studio = Studio(tmp_path_factory.mktemp("keyed"))
    pointer = studio.publish(1)
    place = {"releases": studio.url, "cache": studio.folder / "cache", "port": 0}
    running = Running(settings(keys=KEYS, admin_key="adm1n", **place))
    running.start()
    running.wait_for(pointer.release_id)
    yield running
    running.stop()


@pytest.mark.parametrize(
    ("secret", "name"),
    [
        ("s3cret/one", "photoshop"),
        ("s3cret=two", "batch"),
        ("adm1n", "admin"),
        ("", None),
        ("s3cret/on", None),
        ("s3cret/one ", None),
        ("S3CRET/ONE", None),
        ("s3cret/one,", None),
        ("photoshop", None),
        ("schl\xfcssel", None),
        ("\udcff", None),
    ],
)
def test_a_secret_is_a_name(secret: str, name: str | None) -> None:
    assert KeyRing.of(settings(keys=KEYS, admin_key="adm1n")).name_of(secret) == name


def test_all_keys_are_compared_whichever_matches(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of a comparison must not tell which key it was."""
    compared: list[bytes] = []
    real = hmac.compare_digest

    def watched(one: bytes, other: bytes) -> bool:
        compared.append(other)
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    ring = KeyRing.of(settings(keys=KEYS, admin_key="adm1n"))
    for secret in ("s3cret/one", "s3cret=two", "adm1n", "wrong"):
        compared.clear()
        ring.name_of(secret)
        assert len(compared) == 3
        assert {len(digest) for digest in compared} == {32}


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ("photoshop", "its entry 1 is not name=secret"),
        ("photoshop=hunter2,", "its entry 2 is not name=secret"),
        ("photoshop=hunter2,,batch=x", "its entry 2 is not name=secret"),
        ("=hunter2", "its entry 1 is not name=secret"),
        ("photoshop=", "its entry 1 is not name=secret"),
        ("photo shop=hunter2", "its entry 1 is not name=secret"),
        ("photoshop=hunter 2", "its entry 1 is not name=secret"),
        ("photoshop=hünter2", "its entry 1 is not name=secret"),
        (f"{'p' * 33}=hunter2", "its entry 1 is not name=secret"),
        ("a=hunter2,a=hunter3", "names 'a' twice"),
        ("a=hunter2,b=hunter2", "hold one secret twice"),
        ("a=hunter2,b=adm1n", "hold one secret twice"),
        ("Admin=hunter2", "the name 'admin' is that of RECIPE_API_ADMIN_KEY"),
    ],
)
def test_keys_that_cannot_be_used_are_told_without_telling_secrets(keys: str, complaint: str) -> None:
    with pytest.raises(SettingsError) as raised:
        KeyRing.of(settings(keys=keys, admin_key="adm1n"))
    message = str(raised.value)
    assert message.startswith("RECIPE_API_KEYS")
    assert complaint in message
    assert "hunter" not in message
    assert "adm1n" not in message
    assert "\n" not in message


@pytest.mark.parametrize(("method", "path"), GUARDED)
@pytest.mark.parametrize(
    "headers", [{}, {"X-API-Key": "wrong"}, {"Authorization": "Basic czNjcmV0L29uZQ=="}], ids=str
)
def test_without_a_key_nothing_is_answered(
    keyed: Running, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = keyed.client.request(method, path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "X-API-Key" in answer.json()["detail"]


@pytest.mark.parametrize("path", OPEN)
def test_health_pages_and_documentation_need_no_key(keyed: Running, path: str) -> None:
    assert keyed.client.get(path, follow_redirects=True).status_code == 200
    assert keyed.client.get(path, headers={"X-API-Key": "wrong"}, follow_redirects=True).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": "s3cret/one"},
        {"x-api-key": "s3cret=two"},
        {"Authorization": "Bearer s3cret/one"},
        {"Authorization": "bearer  s3cret=two"},
        {"X-API-Key": "adm1n"},
    ],
    ids=str,
)
def test_every_key_opens_the_photo_calls(keyed: Running, headers: dict[str, str]) -> None:
    assert keyed.client.post(PREDICT, content=factory.photo(), headers=headers).status_code == 200
    assert keyed.client.get("/api/v1/model", headers=headers).status_code == 200


def test_only_the_admin_key_reloads(keyed: Running) -> None:
    for headers in ({"X-API-Key": "s3cret/one"}, {"Authorization": "Bearer s3cret=two"}):
        assert keyed.client.post(RELOAD, headers=headers).status_code == 401
    for headers in ({"X-API-Key": "adm1n"}, {"Authorization": "Bearer adm1n"}):
        assert keyed.client.post(RELOAD, headers=headers).status_code == 200


def test_with_keys_but_no_admin_key_a_keyed_call_of_this_machine_reloads(
    studio: Studio, serve: Callable[..., Running]
) -> None:
    running = serve(keys=KEYS)
    running.wait_for(studio.publish(1).release_id)
    assert running.client.post(RELOAD).status_code == 401
    key = {"X-API-Key": "s3cret/one"}
    assert running.client.post(RELOAD, headers=key).status_code == 200
    assert running.client.post(RELOAD, headers=key | {"X-Forwarded-For": "203.0.113.9"}).status_code == 403


def test_an_admin_key_alone_is_not_needed_for_photos(studio: Studio, serve: Callable[..., Running]) -> None:
    running = serve(admin_key="adm1n")
    running.wait_for(studio.publish(1).release_id)
    assert running.client.post(PREDICT, content=factory.photo()).status_code == 200
    assert running.client.post(RELOAD).status_code == 401


@pytest.mark.parametrize("headers", [{"X-Forwarded-For": "203.0.113.9"}, {"Host": "api.example"}], ids=str)
def test_metrics_need_a_key_from_elsewhere(keyed: Running, headers: dict[str, str]) -> None:
    assert keyed.client.get("/metrics", headers=headers).status_code == 401
    assert (
        keyed.client.get("/metrics", headers=headers | {"Authorization": "Bearer s3cret=two"}).status_code == 200
    )


def test_a_large_upload_without_a_key_gets_its_refusal(keyed: Running) -> None:
    """It must not end in a reset connection, which tells a script nothing."""
    answer = keyed.client.post(PREDICT, content=bytes(8 << 20))
    assert answer.status_code == 401


def test_whoever_looks_on_learns_whose_photo_it_was(studio: Studio, serve: Callable[..., Running]) -> None:
    seen: list[str | None] = []

    class Looker(Observer):
        def answered(self, classified: Classified, photo_sha256: str, client: str | None) -> None:
            seen.append(client)

    running = serve(keys=KEYS)
    running.app.state.server.observers.append(Looker())
    running.wait_for(studio.publish(1).release_id)
    for key in ("s3cret=two", "s3cret/one", "s3cret=two"):
        assert running.client.post(PREDICT, content=factory.photo(), headers={"X-API-Key": key}).status_code == 200
    assert seen == ["batch", "photoshop", "batch"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "0"])
def test_the_api_refuses_to_stand_open_on_the_network(host: str) -> None:
    exposed = settings(host=host, port=0)
    with pytest.raises(SettingsError, match=r"set RECIPE_API_KEYS to name=secret .*, or RECIPE_API_OPEN=on"):
        listen(exposed)
    with pytest.raises(SettingsError, match="RECIPE_API_KEYS"):
        listen(msgspec.structs.replace(exposed, admin_key="guards only the admin calls"))
    for change in ({"keys": KEYS}, {"open": True}):
        listen(msgspec.structs.replace(exposed, **change)).close()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "::1"])
def test_loopback_needs_no_keys(host: str) -> None:
    listen(settings(host=host, port=0)).close()


def test_the_refusal_is_one_line_on_the_terminal(tmp_path: Path) -> None:
    environ = os.environ | {"RECIPE_API_HOST": "0.0.0.0", "DAGSTER_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "api"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "RECIPE_API_OPEN=on" in done.stderr
