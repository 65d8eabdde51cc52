"""Settings: the environment over the defaults."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.environment import DEFAULTS_FILE, Environment, parse_defaults, split_address


def test_the_shipped_defaults_name_every_service() -> None:
    environment = Environment.read({})
    assert environment.port == 52513
    for service in ("gateway", "face", "audio", "metadata", "classifier"):
        assert environment.listen(service) == environment.target(service)
        assert environment.listen(service).startswith("127.0.0.1:")


def test_no_two_defaults_share_a_port() -> None:
    defaults = parse_defaults(DEFAULTS_FILE.read_text())
    ports = [split_address(value)[1] for name, value in defaults.items() if name.endswith("_LISTEN")]
    assert len(set(ports)) == len(ports)
    assert int(defaults["PORT"]) not in ports


def test_the_real_environment_wins_and_callers_follow_a_moved_service() -> None:
    environment = Environment.read({"PORT": "8080", "NOTREALLY_FACE_LISTEN": "127.0.0.1:9000", "HOME": "/home/a"})
    assert environment.port == 8080
    assert environment.target("face") == "127.0.0.1:9000"
    assert environment.variables["HOME"] == "/home/a"
    elsewhere = Environment.read(
        {"NOTREALLY_FACE_LISTEN": "0.0.0.0:9000", "NOTREALLY_FACE_TARGET": "face.example:9000"}
    )
    assert elsewhere.target("face") == "face.example:9000"


@pytest.mark.parametrize("port", ["", "0", "65536", "-1", "http", "1.5"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(ValueError, match="PORT"):
        _ = Environment.read({"PORT": port}).port


@pytest.mark.parametrize("proxies", ["-1", "100", "one", "1\n"])
def test_a_number_of_proxies_that_is_none_is_refused(proxies: str) -> None:
    assert Environment.read({}).trusted_proxies == 0
    with pytest.raises(ValueError, match="NOTREALLY_TRUSTED_PROXIES"):
        _ = Environment.read({"NOTREALLY_TRUSTED_PROXIES": proxies}).trusted_proxies


@pytest.mark.parametrize(
    ("variables", "enabled"),
    [
        ({}, True),
        ({"NOTREALLY_ENABLE_AUDIO": "0"}, False),
        ({"NOTREALLY_ENABLE_AUDIO": "1"}, True),
        ({"NOTREALLY_DISABLE_AUDIO": "1"}, False),
        ({"NOTREALLY_DISABLE_AUDIO": "true", "NOTREALLY_ENABLE_AUDIO": "1"}, False),
        ({"NOTREALLY_DISABLE_AUDIO": "0"}, True),
    ],
)
def test_sound_can_be_turned_off_in_two_ways(variables: dict[str, str], enabled: bool) -> None:
    assert Environment.read(variables).audio_enabled is enabled


def test_data_goes_where_it_was_told(tmp_path: Path) -> None:
    by_default = Environment.read({}).with_data_folder(tmp_path).variables
    assert by_default["NOTREALLY_MEDIA_URL"] == (tmp_path / "media").as_uri()
    assert by_default["NOTREALLY_DB_PATH"] == str(tmp_path / "notreally.db")
    told = Environment.read({"NOTREALLY_UPLOAD_DIR": "/videos", "NOTREALLY_DB_PATH": "/jobs.db"})
    assert told.with_data_folder(tmp_path).variables == told.variables


def test_lines_that_are_no_settings_are_refused() -> None:
    assert parse_defaults("# a comment\n\nA=1\n B= two words \n") == {"A": "1", "B": "two words"}
    with pytest.raises(ValueError, match="KEY=VALUE"):
        parse_defaults("A=1\nwhat is this")


@given(host=st.from_regex(r"[a-z][a-z0-9.-]{0,30}", fullmatch=True), port=st.integers(0, 65535))
def test_addresses_come_apart(host: str, port: int) -> None:
    assert split_address(f"{host}:{port}") == (host, port)
    assert split_address(f"[::1]:{port}") == ("::1", port)


@given(st.text(alphabet="abc:0123456789.", max_size=12))
def test_what_is_no_address_is_refused(text: str) -> None:
    try:
        host, port = split_address(text)
    except ValueError:
        return
    assert host
    assert 0 <= port < 65536
    assert text == f"{host}:{text.rpartition(':')[2]}"


def test_what_earlier_runs_left_open_is_closed_to_other_users(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir(mode=0o755)
    (tmp_path / "notreally.db").touch(mode=0o644)
    Environment.read({}).with_data_folder(tmp_path).close_to_others()
    assert (tmp_path / "media").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "notreally.db").stat().st_mode & 0o777 == 0o600


def test_nothing_is_made_to_be_closed(tmp_path: Path) -> None:
    Environment.read({}).with_data_folder(tmp_path).close_to_others()
    assert list(tmp_path.iterdir()) == []
