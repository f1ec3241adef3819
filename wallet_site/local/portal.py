"""`make run`: what is started, in which order, and what a newcomer reads when it stands."""

from __future__ import annotations

import http.client
import shutil
import signal
from pathlib import Path
from urllib.parse import urlsplit

from wallet_site.local import commands, places, schema
from wallet_site.local.claims import held_lock, refuse_taken_port
from wallet_site.local.environment import Choice
from wallet_site.local.memory import Memory, name_of
from wallet_site.local.servers import Servers
from wallet_site.local.supervisor import Part, Stopped, Supervisor, command_part

STOP_ORDER = (("web", "beat", "sandbox"), ("worker",), ("valkey", "postgres"))
KEPT_BY_RESET = {"browser", "tests", "lock"}


class Portal:
    """Everything that `make run` starts."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self.supervisor = Supervisor()

    def run(self) -> int:
        """Until Ctrl-C; returns the status for the shell."""
        with held_lock(self.choice.data):
            refuse_taken_port(self.choice.port, "PORT")
            refuse_taken_port(self.choice.sandbox_port, "SANDBOX_PORT")
            self.supervisor.listen_to_signals()
            try:
                self._start()
                self.supervisor.run()
            except Stopped:
                self.supervisor.say("stopping ...")
            finally:
                self.supervisor.stop_all(STOP_ORDER)
                places.forget_runtime(self.choice.data)
            self.supervisor.say("stopped; the data is kept, `make run` goes on with it")
        return 0

    def _start(self) -> None:
        servers = Servers.of(self.choice)
        servers.initialize()
        if servers.postgres is not None:
            postgres = servers.postgres
            self.supervisor.add(
                Part("postgres", lambda output: postgres.start(output=output), stop_by=signal.SIGINT)
            )
        if servers.valkey is not None:
            valkey = servers.valkey
            self.supervisor.add(Part("valkey", lambda output: valkey.start(output=output)))
        servers.wait_until_ready()
        self._bring_up_to_date(servers)
        self._start_parts(servers.environment, servers.places.data)
        self._greet(servers.places.data)

    def _bring_up_to_date(self, servers: Servers) -> None:
        """Migrates and seeds what needs it. Our own database is known by the digest of its schema."""
        memory = Memory(servers.places.data / "state.json")
        database = name_of(self.choice.database_url)
        wanted = schema.digest()
        if self.choice.database_url or memory.recall("schema", database) != wanted:
            self.supervisor.say("migrating the database ...")
            for command in schema.COMMANDS:
                name = " ".join(command[1:])
                self.supervisor.run_job(name, command, servers.environment | schema.AS_OWNER)
            memory.keep("schema", database, wanted)
        people = servers.places.data / "demo_people.txt"
        if not memory.recall("seeded", database):
            self.supervisor.say("making demo people with half a year of money ...")
            seed = commands.manage("seed_demo", "--skip-checks")
            # What it says are the people and nothing else: they are shown at every start.
            lines = self.supervisor.run_job("seed_demo", seed, servers.environment | {"LOG_LEVEL": "WARNING"})
            people.touch(0o600)
            people.write_text("\n".join(lines) + "\n")
            memory.keep("seeded", database, "yes")

    def _start_parts(self, variables: dict[str, str], data: Path) -> None:
        sandbox_data = places.own_folder(data / "sandbox")
        parts = {
            "web": commands.web(self.choice.port),
            "worker": commands.worker(),
            "beat": commands.beat(data / "beat"),
            "sandbox": commands.sandbox(
                port=self.choice.sandbox_port,
                data=sandbox_data,
                portal_url=f"http://localhost:{self.choice.port}",
            ),
        }
        for name, command in parts.items():
            self.supervisor.add(command_part(name, command, variables))
        self.supervisor.wait_until(
            lambda: _answers(f"http://localhost:{self.choice.port}"),
            within_seconds=60,
            otherwise="The portal does not answer; what it says is above.",
        )

    def _greet(self, data: Path) -> None:
        url = self.choice.public_url
        people = data / "demo_people.txt"
        lines = people.read_text().splitlines() if people.exists() else []
        for line in [
            "",
            *lines,
            "",
            f"The wallet:   {url}",
            f"Demo people:  {url}/demo/       who they are, with the codes of this moment",
            f"Demo mail:    {url}/demo/mail/  every letter the portal sends, a mailbox for each address",
            "Ctrl-C stops everything; the data is kept.",
            "",
        ]:
            self.supervisor.say(line)


def _answers(url: str) -> bool:
    """Whether the web server serves, whatever it says."""
    where = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", where.port or 80, timeout=1)
    try:
        connection.request("GET", "/livez", headers={"Host": where.netloc})
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def reset(choice: Choice) -> int:
    """Wipes the data of our own servers; servers that were given are left alone."""
    with held_lock(choice.data):
        where = places.prepare(choice.data)
        print(f"Wiping all people, money and mail of the local portal in {choice.data} ...")
        if where.postgres_data.parent != choice.data:
            shutil.rmtree(where.postgres_data.parent, ignore_errors=True)
        shutil.rmtree(where.runtime, ignore_errors=True)
        for path in choice.data.iterdir():
            if path.name in KEPT_BY_RESET:
                continue
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        if choice.database_url or choice.redis_url:
            print("The servers of DATABASE_URL and REDIS_URL are yours: they are left as they are.")
    return 0
