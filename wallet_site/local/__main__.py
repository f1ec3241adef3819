"""`python -m wallet_site.local run | manage ... | psql [owner] | reset`: what the Makefile calls."""

from __future__ import annotations

import signal
import sys

from wallet_site.local import commands, portal, servers
from wallet_site.local.bound import die_with_parent
from wallet_site.local.environment import Choice
from wallet_site.local.postgres import APPLICATION, OWNER
from wallet_site.local.processes import LocalError

USAGE = __doc__
# These change tables, which the application's role does not own.
OWNER_COMMANDS = {"migrate", "grant_app_role", "reencrypt"}


def main(arguments: list[str]) -> int:
    verb, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    try:
        choice = Choice.read()
        if verb == "run":
            if "--follow-parent" in rest:
                # `make` killed with -9 cannot stop us; a terminal that closes says so itself.
                die_with_parent(signal.SIGTERM)
            return portal.Portal(choice).run()
        if verb == "manage" and rest:
            return servers.with_servers(choice, commands.manage(*rest), as_owner=rest[0] in OWNER_COMMANDS)
        if verb == "psql":
            return servers.psql(choice, OWNER if rest[:1] == ["owner"] else APPLICATION)
        if verb == "reset":
            return portal.reset(choice)
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    print(USAGE, file=sys.stderr)
    return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
