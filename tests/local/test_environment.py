"""What a person may say about the local portal, and what every part of it then reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from wallet_site.local import environment
from wallet_site.local.environment import Choice
from wallet_site.local.places import ROOT, Places
from wallet_site.local.postgres import Postgres
from wallet_site.local.processes import Account, LocalError


def test_nothing_said_means_the_usual_ports_and_folder() -> None:
    choice = Choice.read({})

    assert choice.public_url == "http://localhost:8000"
    assert choice.sandbox_url == "http://localhost:8010"
    assert choice.data == ROOT / ".data"
    assert (choice.database_url, choice.redis_url) == ("", "")


@pytest.mark.parametrize(
    "said",
    [{"PORT": "9000", "SANDBOX_PORT": "9010"}, {"PORT": "9000", "SANDBOX_URL": "http://localhost:9010/"}],
)
def test_a_port_shows_in_the_address(said: dict[str, str]) -> None:
    choice = Choice.read(said)

    assert choice.public_url == "http://localhost:9000"
    assert choice.sandbox_url == "http://localhost:9010"
    assert (choice.port, choice.sandbox_port) == (9000, 9010)


def test_another_port_takes_the_card_processors_along() -> None:
    choice = Choice.read({"PORT": "8100"})

    assert (choice.port, choice.sandbox_port) == (8100, 8110)
    assert choice.sandbox_url == "http://localhost:8110"


@pytest.mark.parametrize("port", ["0", "70000", "web"])
def test_what_is_no_port_is_named(port: str) -> None:
    with pytest.raises(LocalError, match="PORT is"):
        Choice.read({"PORT": port})


def test_servers_of_our_own_win_over_a_forgotten_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql://somewhere/else")
    monkeypatch.setenv("KAKEHASHI_MODE", "production")
    monkeypatch.setenv("SUPPORT_PHONE", "0120-111-222")
    account = Account.current()
    where = Places(tmp_path, tmp_path, tmp_path, tmp_path, account)
    postgres = Postgres(tmp_path, tmp_path / "sockets", tmp_path, account)

    variables = environment.for_parts(Choice.read({}), where, postgres, None)

    assert variables["DATABASE_OWNER_URL"] == postgres.url("kakehashi_owner")
    assert variables["DATABASE_URL"] == postgres.url("kakehashi_app")
    assert variables["KAKEHASHI_MODE"] == "development"
    assert variables["SUPPORT_PHONE"] == "0120-111-222"
