"""docs/configuration.md and the settings in the code are the same list."""

import re
from pathlib import Path

import pytest
from pydantic import AliasChoices

from gateway.settings import GatewaySettings
from services.audio.settings import AudioSettings
from services.classifier.settings import ClassifierSettings
from services.face.settings import FaceSettings
from services.kit.settings import ServiceSettings
from services.metadata.settings import MetadataSettings

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
KINDS: list[type[ServiceSettings]] = [
    GatewaySettings,
    AudioSettings,
    ClassifierSettings,
    FaceSettings,
    MetadataSettings,
]

# Read by the command line, or by the edge's image, alone.
ELSEWHERE = {
    "PORT",
    "NOTREALLY_DATA_DIR",
    "NOTREALLY_SERVER",
    "NOTREALLY_KEY",
    "NOTREALLY_EDGE_HOST",
    "NOTREALLY_ALLOWED_HOSTS",
    "NOTREALLY_GATEWAY_TARGET",
    "NOTREALLY_TRUSTED_PROXIES",
    "NOTREALLY_EDGE_TLS",
    "NOTREALLY_EDGE_THREADS",
}


def names(kind: type[ServiceSettings]) -> set[str]:
    found: set[str] = set()
    for name, field in kind.model_fields.items():
        match field.validation_alias:
            case AliasChoices(choices=choices):
                found |= {str(choice) for choice in choices}
            case str(alias):
                found.add(alias)
            case _:
                found.add(f"NOTREALLY_{name.upper()}")
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_is_on_the_page(kind: type[ServiceSettings]) -> None:
    assert {name for name in names(kind) if f"`{name}`" not in PAGE} == set()


def test_every_name_on_the_page_is_a_setting() -> None:
    known = set.union(*(names(kind) for kind in KINDS)) | ELSEWHERE
    mentioned = set(re.findall(r"`(NOTREALLY_[A-Z_]+|PORT|MODEL_PATH)`", PAGE))
    assert mentioned - known == set()


def test_names_people_already_use_keep_working(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "NOTREALLY_DB_PATH": "/data/x.db",
        "NOTREALLY_UPLOAD_DIR": "/data/up loads",
        "NOTREALLY_MAX_FRAMES": "300",
        "NOTREALLY_MAX_UPLOAD_MB": "5",
        "NOTREALLY_ENABLE_AUDIO": "0",
        "MODEL_PATH": "/data/model.json",
    }.items():
        monkeypatch.setenv(name, value)
    settings = GatewaySettings()
    assert settings.sqlalchemy_url == "sqlite:////data/x.db"
    assert settings.media_url == "file:///data/up%20loads"
    assert (settings.max_frames, settings.max_upload_bytes) == (300, 5_000_000)
    assert not settings.audio_enabled
    assert ClassifierSettings().model_path == Path("/data/model.json")


@pytest.mark.parametrize(
    ("enable", "disable", "enabled"), [("1", "0", True), ("1", "1", False), ("0", "0", False), ("0", "1", False)]
)
def test_sound_has_two_switches(monkeypatch: pytest.MonkeyPatch, enable: str, disable: str, enabled: bool) -> None:
    monkeypatch.setenv("NOTREALLY_ENABLE_AUDIO", enable)
    monkeypatch.setenv("NOTREALLY_DISABLE_AUDIO", disable)
    assert GatewaySettings().audio_enabled is enabled


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({}, "local"),
        ({"RENDER_INSTANCE_ID": "srv-1-a"}, "srv-1-a"),
        ({"RENDER_INSTANCE_ID": "srv-1-a", "NOTREALLY_EXECUTOR_ID": "gateway-0"}, "gateway-0"),
    ],
)
def test_every_gateway_has_a_name_of_its_own(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], name: str) -> None:
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    assert GatewaySettings().executor_id == name
