"""What the figures stand on: a PostgreSQL that loses nothing, a Valkey, an environment that every child reads."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.servers import Cache, Home, TestRun, free_port, template_cluster
from wallet_site.local import places
from wallet_site.local.postgres import APPLICATION, OWNER, Postgres

# What a server of this size would be given; durability as PostgreSQL ships it, said aloud.
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "30min",
    "max_connections": "200",
    "log_min_messages": "fatal",
}


@dataclass
class BenchDatabase:
    """A PostgreSQL on the checkout's own disk, begun from the migrated cluster that the tests copy too."""

    server: Postgres

    @classmethod
    def placed(cls) -> BenchDatabase:
        where = places.prepare(places.ROOT / ".data" / "bench")
        server = Postgres(
            where.postgres_data,
            where.postgres_sockets,
            where.postgres_binaries,
            where.account,
            settings=SETTINGS | _statistics(where),
        )
        return cls(server)

    def url(self, role: str = APPLICATION) -> str:
        return self.server.url(role)

    def start(self) -> None:
        template = template_cluster()
        shutil.rmtree(self.server.data, ignore_errors=True)
        subprocess.run(["cp", "-a", "--reflink=auto", template, self.server.data], check=True)
        self.server.start()
        self.server.wait_until_ready()

    def stop(self) -> None:
        self.server.kill()
        shutil.rmtree(self.server.data, ignore_errors=True)


def _statistics(where: places.Places) -> dict[str, str]:
    """`pg_stat_statements` where the programs carry it: for whoever looks for what is slow."""
    library = where.postgres_binaries.parent / "lib" / "pg_stat_statements.so"
    wanted = os.environ.get("KAKEHASHI_BENCH_STATISTICS") == "1" and library.exists()
    return {"shared_preload_libraries": "pg_stat_statements"} if wanted else {}


@dataclass
class Ground:
    """The servers of one run of the bench."""

    run: TestRun
    database: BenchDatabase

    @classmethod
    @contextmanager
    def laid(cls) -> Iterator[Ground]:
        """Everything started, the environment set; all of it gone at the end."""
        home, database = Home.make(), BenchDatabase.placed()
        run = TestRun(home, database, Cache(home), free_port(), free_port())  # type: ignore[arg-type]
        os.environ.update(run.environment())
        try:
            run.start_cache()
            run.start_database()
            yield cls(run, database)
        finally:
            run.stop()

    @property
    def server(self) -> Postgres:
        return self.database.server

    @property
    def owner_url(self) -> str:
        return self.database.url(OWNER)
