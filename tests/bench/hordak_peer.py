"""The peer: django-hordak, in an environment of its own on the same server. Never among our own libraries."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from psycopg import sql

from tests.bench.bench import Bench, Missing
from tests.bench.crew import Crew
from wallet_site.local import places
from wallet_site.local.postgres import OWNER

WANTED = ("django-hordak==2.0.*", "psycopg[binary]")
DATABASE = "hordak"
SCRIPT = Path(__file__).with_name("hordak_client.py")


def crew(bench: Bench, clients: int) -> Crew:
    """Clients that transfer between random accounts by hordak's own `transfer_to`. Raises `Missing` without it."""
    python = _environment()
    url = bench.ground.server.url(OWNER, DATABASE)
    with bench.ground.server.connect() as connection:
        there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if not there:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
            )
    if not there:
        done = subprocess.run([python, SCRIPT, "prepare", url], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Missing(f"django-hordak did not migrate: {done.stderr.strip()[-300:]}")
    return bench.crew(str(SCRIPT), processes=clients, python=str(python), url=url)


def _environment() -> Path:
    folder = places.ROOT / ".data" / "bench" / "hordak"
    python = folder / "bin" / "python"
    if (folder / "complete").exists():
        return python
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *WANTED],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Missing(
                f"django-hordak cannot be installed here: {(done.stderr or done.stdout).strip()[-300:]}"
            )
    (folder / "complete").touch()
    return python
