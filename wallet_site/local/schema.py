"""Bringing a database up to date, and telling cheaply whether it is."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from wallet_site.local.commands import manage
from wallet_site.local.places import ROOT

PACKAGES = ("wallet_site", "accounts", "payments", "support")
AS_OWNER = {"KAKEHASHI_DATABASE_ROLE": "owner"}
# To be run as the owner. The system checks have their own place in `make check`; here they cost seconds.
COMMANDS = (
    manage("migrate", "--skip-checks", "--verbosity", "0"),
    manage("grant_app_role", "--skip-checks"),
)
_PATTERNS = ("migrations/*.py", "models.py", "models/*.py", "*.sql", "apps.py", "grant_app_role.py")


def digest() -> str:
    """Names the schema: migrations, models (they name the application's rights), SQL, and all that these import."""
    result = hashlib.sha256(version("django").encode())
    for path in sorted(_files()):
        result.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return result.hexdigest()[:16]


def _files() -> set[Path]:
    found: set[Path] = set()
    waiting = [Path(__file__), Path(__file__).with_name("postgres.py")]
    for package in PACKAGES:
        for pattern in _PATTERNS:
            waiting += (ROOT / package).rglob(pattern)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imported_files(path) if path.suffix == ".py" else []
    return found


def _imported_files(path: Path) -> Iterator[Path]:
    """The files of ours that a file imports by name."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            if name.split(".")[0] in PACKAGES:
                base = ROOT.joinpath(*name.split("."))
                yield from (file for file in (base.with_suffix(".py"), base / "__init__.py") if file.exists())
