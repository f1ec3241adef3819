"""A client of django-hordak, run by the python of its own environment; see `tests.bench.hordak_peer`."""

import json
import random
import sys
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

sys.path[0] = str(Path(__file__).parents[2])

import django  # noqa: E402 (its own folder would stand before its packages)
from django.conf import settings  # noqa: E402

ACCOUNTS = 10_000


def configure(url: str) -> None:
    where = urlsplit(url)
    host = where.hostname or (parse_qs(where.query).get("host") or [""])[0]
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "mptt", "hordak"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": where.path.lstrip("/"),
                "USER": where.username,
                "HOST": unquote(host),
                "CONN_MAX_AGE": None,
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        DEFAULT_CURRENCY="JPY",
        HORDAK_CURRENCIES=["JPY"],
        CURRENCIES=["JPY"],
        USE_TZ=True,
    )
    django.setup()


def prepare(url: str) -> None:
    configure(url)
    from django.core.management import call_command  # noqa: PLC0415
    from hordak.models import Account, AccountType  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    tree = {"lft": 0, "rght": 0, "level": 0}
    with Account.objects.disable_mptt_updates():
        Account.objects.bulk_create(
            Account(
                name=f"{n}", code=f"{n:06d}", type=AccountType.asset, currencies=["JPY"], tree_id=n, **tree
            )
            for n in range(1, ACCOUNTS + 1)
        )


def transfers(number: int):
    """Transfers between accounts that are at hand, as our own postings get ids."""
    from hordak.models import Account  # noqa: PLC0415
    from moneyed import Money  # noqa: PLC0415

    chance, accounts, amount = random.Random(number), list(Account.objects.all()), Money(7, "JPY")

    def work() -> None:
        source, target = chance.sample(accounts, 2)
        source.transfer_to(target, amount, description="bench")

    return work


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(sys.argv[2])
    else:
        from tests.bench.crew import serve

        configure(json.loads(sys.argv[1])["url"])
        serve([lambda: transfers(int(sys.argv[2]))])
