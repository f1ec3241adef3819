"""Whether something is stopped for everybody. Asked of the database each time: no cache can be late.

Where it matters a trigger asks by itself (`switches_require`), in the transaction that moves the money: it takes the
switch's lock shared, so that pulling it waits for whoever was let through, and after the commit of a pull nobody is.
`wallet_site.transactions.recorded` turns its refusal into `SwitchedOff`. `require` is for what no trigger sees.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import Func, TextField

from wallet_site.switches.errors import SwitchedOff
from wallet_site.switches.models import Switch
from wallet_site.switches.names import SwitchName


def require(name: SwitchName) -> None:
    """Raise `SwitchedOff` when `name` is stopped. Inside a transaction it holds until that ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT switches_stopping(%s)", [name])
        stopping: str | None = cursor.fetchone()[0]
    if stopping is not None:
        raise SwitchedOff(stopping)


def pulled_names() -> list[str]:
    """The switches that are pulled now; one query."""
    return list(Switch.objects.filter(is_pulled=True).order_by("id").values_list("name", flat=True))


def pulled_now() -> Func:
    """`pulled_names` as an expression: for a query that is asked anyway."""
    return Func(function="switches_pulled", output_field=ArrayField(TextField()), template="%(function)s()")


def is_stopping(name: SwitchName, pulled: list[str]) -> bool:
    """Whether one of the `pulled` stops `name`, as the database would say. For pages: no lock is taken."""
    follows = name not in ("sign_in", "sign_in_unknown")
    return name in pulled or (follows and "read_only" in pulled)
