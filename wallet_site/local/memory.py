"""What the local portal remembers about databases it has seen: their schema, whether they were seeded."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path


class Memory:
    """Small facts about databases that were seen before."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._facts: dict[str, dict[str, str]] = {}
        with contextlib.suppress(FileNotFoundError, ValueError):
            self._facts = json.loads(path.read_text())

    def recall(self, kind: str, database: str) -> str:
        return self._facts.get(kind, {}).get(database, "")

    def keep(self, kind: str, database: str, value: str) -> None:
        self._facts.setdefault(kind, {})[database] = value
        unfinished = self._path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(self._facts, indent=1))
        unfinished.rename(self._path)


def name_of(database_url: str) -> str:
    """How the memory calls a database: its URL may hold a password, so only a digest is kept."""
    return hashlib.sha256(database_url.encode()).hexdigest()[:12] if database_url else "own"
