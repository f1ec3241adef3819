"""Where the local servers keep what is theirs."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wallet_site.local import places
from wallet_site.local.environment import kept_secrets
from wallet_site.local.places import Places
from wallet_site.local.processes import LocalError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def prepare() -> Iterator[Callable[[Path], Places]]:
    """Prepares places and removes what of them rests outside the folder."""
    made: list[Places] = []

    def make(data: Path) -> Places:
        made.append(places.prepare(data))
        return made[-1]

    yield make
    for where in made:
        for folder in {where.runtime, where.postgres_data.parent} - {where.data}:
            shutil.rmtree(folder, ignore_errors=True)


def test_sockets_of_a_deep_checkout_rest_in_a_short_folder(tmp_path: Path, prepare) -> None:
    deep = tmp_path / ("deep" * 20) / ("deeper" * 10)

    where = prepare(deep / ".data")

    assert len(str(where.postgres_sockets / ".s.PGSQL.5432.lock")) <= places.LONGEST_SOCKET_PATH
    assert mode(where.postgres_sockets) == mode(where.valkey_socket.parent) == 0o700


def test_a_runtime_folder_that_is_too_long_is_passed_over(tmp_path: Path, monkeypatch) -> None:
    long = tmp_path / ("x" * 90)
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))

    assert places._runtime_folder(tmp_path).parent == Path("/tmp")


def test_a_link_where_a_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sockets").symlink_to("/tmp")

    with pytest.raises(LocalError, match="is in the way"):
        places.own_folder(tmp_path / "sockets")


def test_a_folder_that_stood_open_is_closed(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir(mode=0o755)

    places.own_folder(tmp_path / "mail")

    assert mode(tmp_path / "mail") == 0o700


def test_two_checkouts_share_nothing(tmp_path: Path) -> None:
    assert places._runtime_folder(tmp_path / "one") != places._runtime_folder(tmp_path / "two")


def test_postgres_is_never_root_and_its_data_is_where_it_may_go(tmp_path: Path, prepare) -> None:
    tmp_path.chmod(0o700)

    where = prepare(tmp_path / ".data")

    # Root starts it as somebody who may not enter this path; everybody else starts it as themselves.
    as_root = os.getuid() == 0
    assert where.account.uid == (places.postgres_account().uid if as_root else os.getuid()) != 0
    assert where.postgres_data.is_relative_to(places.OUTSIDE if as_root else tmp_path)
    assert mode(where.postgres_data.parent) == 0o700
    assert where.postgres_data.parent.stat().st_uid == where.account.uid
    assert prepare(tmp_path / ".data") == where


def test_secrets_are_kept_closed_and_stay_the_same(tmp_path: Path) -> None:
    first = kept_secrets(tmp_path / "secrets.json")

    assert kept_secrets(tmp_path / "secrets.json") == first
    assert mode(tmp_path / "secrets.json") == 0o600
    assert len(set(first.values())) == len(first)
