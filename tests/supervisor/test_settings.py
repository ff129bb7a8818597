"""What the parts are told, and the secrets kept for it."""

from __future__ import annotations

import stat

import pytest

from config import Config
from supervisor.errors import CannotRunError
from supervisor.files import hold, make_folder
from supervisor.settings import Situation, environment, kept_secrets

PORTS = {
    "postgres": 20001,
    "valkey": 20002,
    "simulator": 20003,
    "simulator_smtp": 20004,
    "web": 8000,
}


def situation(tmp_path, given=None, **rest) -> Situation:
    kept = kept_secrets(tmp_path / "secrets.json")
    return Situation(ports=PORTS, kept=kept, given=given or {}, **rest)


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path):
    first = kept_secrets(tmp_path / "secrets.json")

    assert kept_secrets(tmp_path / "secrets.json") == first
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert len(first["simulator_api_key"]) == 44
    assert first["simulator_api_key"].startswith("onw_")


def test_a_secret_of_a_later_release_is_added_and_the_others_stay(tmp_path):
    first = kept_secrets(tmp_path / "secrets.json")
    (tmp_path / "secrets.json").write_text('{"secret_key": "kept"}')

    second = kept_secrets(tmp_path / "secrets.json")

    assert second["secret_key"] == "kept"
    assert second.keys() == first.keys()


def test_a_database_of_their_own_is_also_the_owners_unless_said_otherwise(tmp_path):
    told = environment(situation(tmp_path, {"DATABASE_URL": "postgresql://theirs/x"}))

    assert told["DATABASE_URL"] == told["DATABASE_OWNER_URL"] == "postgresql://theirs/x"


def test_what_people_set_wins(tmp_path):
    told = environment(situation(tmp_path, {"SMTP_URL": "smtp://mail", "SPEED": "60"}, speed=1800))

    assert told["SMTP_URL"] == "smtp://mail"
    assert told["SPEED"] == "60"
    assert told["FEDEX_URL"] == "http://127.0.0.1:20003/fedex"


def test_a_replay_has_a_stepped_clock_and_no_speed(tmp_path):
    told = environment(situation(tmp_path, is_replay=True))

    assert (told["ENVIRONMENT"], told["CLOCK"]) == ("test", "stepped")
    assert "SPEED" not in told


def test_s66_fields_are_sealed_with_a_key_of_their_own_that_is_kept(tmp_path):
    told = environment(situation(tmp_path))

    assert told["FIELD_KEY"] == environment(situation(tmp_path))["FIELD_KEY"]
    assert told["FIELD_KEY"] != told["SECRET_KEY"]


def test_s65_under_production_nothing_of_a_demonstration_is_told(tmp_path):
    given = {"ENVIRONMENT": "production", "PUBLIC_URL": "https://shop.example"}
    given |= {"MAIL_FROM": "orders@shop.example", "TRUSTED_HOSTS": "check.internal"}

    config = Config.from_environment(environment(situation(tmp_path, given)))

    assert config.problems() == []
    assert config.trusted_hosts == ["shop.example", "check.internal", "127.0.0.1"]


def test_s65_a_replay_is_refused_in_production(tmp_path):
    told = environment(situation(tmp_path, {"ENVIRONMENT": "production"}, is_replay=True))

    assert any(p.startswith("CLOCK") for p in Config.from_environment(told).problems())


def test_a_data_folder_is_held_by_one_copy(tmp_path):
    with (
        hold(tmp_path),
        pytest.raises(CannotRunError, match="already running on"),
        hold(tmp_path),
    ):
        pass

    with hold(tmp_path):
        pass


def test_a_new_data_folder_can_be_passed_through_and_an_old_one_is_left_alone(tmp_path):
    old = tmp_path / "old"
    old.mkdir(mode=0o700)

    made = make_folder(old / "data" / "replay")

    assert stat.S_IMODE(made.parent.stat().st_mode) == 0o711
    assert stat.S_IMODE(old.stat().st_mode) == 0o700
