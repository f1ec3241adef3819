"""`manage.py demo_terminal --code ... --amount ...`: plays a store's till against the running portal."""

from __future__ import annotations

from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from payments.models import Store
from wallet_site.local.till import TillAnswer, demo_till
from wallet_site.money import format_money


class Command(BaseCommand):
    """Takes one payment by a customer's code, or looks one up; exit code 1 when it was not approved."""

    help = "Take a payment as a demo store would: the code is on the customer's Pay page."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--code", help="the digits on the customer's Pay page")
        parser.add_argument("--amount", type=int, help="in yen")
        parser.add_argument("--store", help="part of a store's name (default: the first store)", default="")
        parser.add_argument("--find", metavar="REFERENCE", help="look up an earlier sale instead", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        store = Store.objects.filter(name__icontains=options["store"], is_active=True).order_by("pk").first()
        if store is None:
            raise CommandError("There is no such store. `make run` seeds the demo stores.")
        if not options["find"] and not (options["code"] and options["amount"]):
            raise CommandError("Give --code and --amount, or --find REFERENCE.")
        till = demo_till(store)
        try:
            if options["find"]:
                answer = till.find(options["find"])
            else:
                answer = till.take(code=options["code"], amount_minor=options["amount"])
        except httpx.HTTPError as error:
            raise CommandError(f"The portal at {settings.PUBLIC_URL} does not answer: {error}") from error
        self._tell(answer, store)

    def _tell(self, answer: TillAnswer, store: Store) -> None:
        if not answer.approved:
            declined = answer.body.get("decline") or {}
            raise CommandError(f"{store}: {declined.get('text') or answer.body.get('detail') or answer.body}")
        amount = format_money(answer.body["amount"], answer.body["currency"])
        self.stdout.write(
            self.style.SUCCESS(
                f"{store}: {amount} {answer.body['status']}, reference {answer.body['reference']}"
            )
        )
