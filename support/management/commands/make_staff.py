"""`manage.py make_staff`: the first agent of a new desk, and every one after."""

from __future__ import annotations

import getpass
import sys
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError

from accounts.two_factor.enrolment import grouped_key, provisioning_uri
from support.actions.staff import take_on
from support.errors import RoleMissing
from wallet_site.actor import Actor


class Command(BaseCommand):
    """Asks for the password (or reads one line of standard input) and shows app key and recovery codes once."""

    help = "Take on a member of staff: password, authenticator app, recovery codes, role."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument(
            "--name", required=True, help="full name, as the customer's timeline shows it to the desk"
        )
        parser.add_argument("--role", required=True, help="agent or supervisor")
        parser.add_argument("--language", choices=["ja", "en"], default="ja")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            member = take_on(
                email=options["email"],
                full_name=options["name"],
                password=_password(),
                role=options["role"],
                language=options["language"],
                actor=Actor.system("make_staff"),
            )
        except RoleMissing:
            raise CommandError(f"There is no role {options['role']!r}: use agent or supervisor.") from None
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        except IntegrityError:
            raise CommandError(
                f"{options['email']} has an account already; staff need one of their own."
            ) from None
        self.stdout.write(
            f"{member.user.email} can sign in as {options['role']}. Shown once, keep it safe:\n"
        )
        self.stdout.write(f"  authenticator key  {grouped_key(member.seed)}")
        self.stdout.write(f"  for the app        {provisioning_uri(member.seed, member.user.email)}")
        for code in member.recovery_codes:
            self.stdout.write(f"  recovery code      {code}")


def _password() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("Password (12 characters and more): ")
    return sys.stdin.readline().rstrip("\n")
