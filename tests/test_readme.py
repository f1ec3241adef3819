"""What the README names exists: files, commands, functions, settings, pages. A newcomer trusts every word of it."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands
from django.urls import Resolver404, resolve

ROOT = Path(settings.BASE_DIR)
README = (ROOT / "README.md").read_text()
# Where a bare name of the tree or of a table may lie.
ROOMS = ("", "wallet_site", "accounts", "payments", "support")
TREE = README.split("## The house")[1].split("```")[1]
READERS = ("wallet_site/settings.py", "wallet_site/env.py", "wallet_site/local/environment.py")


def found(pattern: str, text: str = README) -> list[str]:
    """Every match once. A pattern that matches nothing any more would prove nothing, so that is an error."""
    matches = sorted(set(re.findall(pattern, text, re.MULTILINE)))
    assert matches, pattern
    return matches


def exists(path: str) -> bool:
    return any((ROOT / room / path.removeprefix("<app>/").replace("<app>", room)).exists() for room in ROOMS)


@pytest.mark.parametrize("path", found(r"`([\w<][\w.<>-]*/[\w./<>-]*|[\w-]+\.(?:py|txt|toml))[`:]"))
def test_a_path_in_the_text_exists(path: str) -> None:
    assert exists(path.replace("...", ""))


@pytest.mark.parametrize("path", found(r"(?<!\S)([a-z_]+(?:/|\.py))(?!\S)", TREE))
def test_a_path_in_the_tree_exists(path: str) -> None:
    assert exists(path)


@pytest.mark.parametrize("target", found(r"\]\((?!https?:)([^)#]+)\)"))
def test_what_is_linked_exists(target: str) -> None:
    assert (ROOT / target).is_file()


@pytest.mark.parametrize("target", found(r"(?:`|^    )make ([a-z]+)"))
def test_a_make_target_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("command", found(r"""manage(?:\.py | c=")([a-z_]+)"""))
def test_a_management_command_exists(command: str) -> None:
    assert command in get_commands()


@pytest.mark.parametrize("function", found(r"`([\w/]+\.py: \w+)`"))
def test_a_function_exists(function: str) -> None:
    module, name = function.split(".py: ")
    assert callable(getattr(import_module(module.replace("/", ".")), name))


@pytest.mark.parametrize("variable", found(r"\b([A-Z]+_[A-Z_]+[A-Z])\b"))
def test_an_environment_variable_is_read(variable: str) -> None:
    assert any(f'"{variable}"' in (ROOT / reader).read_text() for reader in READERS)


@pytest.mark.parametrize("path", found(r"(?:http://localhost:8000|(?<=`))(/[\w/.-]*)(?=[`>])"))
def test_a_page_exists(path: str) -> None:
    try:
        resolve(path)
    except Resolver404:
        pytest.fail(f"nothing answers at {path}")
