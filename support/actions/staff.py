"""Taking on members of staff. From the server's own command line only: no page makes or changes one."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password

from accounts.models import TotpDevice, User
from accounts.two_factor.codes import new_recovery_codes, new_seed, write_recovery_codes
from support.errors import RoleMissing
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.transactions import recorded


@dataclass(frozen=True, slots=True)
class NewMember:
    """Somebody who can enter the desk, with what they prove it by. The secrets exist here and nowhere else."""

    user: User
    seed: str
    recovery_codes: list[str]


def take_on(
    *, email: str, full_name: str, password: str, role: str, language: str, actor: Actor
) -> NewMember:
    """A member of staff with a role, an authenticator app and recovery codes, in one transaction.

    The welcome goes to the address by the database's trigger. Raises `RoleMissing` for a role that does not exist,
    `ValidationError` for a weak password or what is no address, `IntegrityError` for an address that is taken.
    """
    group = Group.objects.filter(name=role).first()
    if group is None:
        raise RoleMissing
    validate_password(password, User(email=email, full_name=full_name))
    seed, codes = new_seed(), new_recovery_codes()
    with recorded(actor):
        user = User.objects.create_staff(
            email=email, full_name=full_name, password=password, language=language
        )
        user.groups.add(group)
        TotpDevice.objects.create(user=user, name="Authenticator app", confirmed=True, seed=seed)
        write_recovery_codes(user, codes)
        record("support:staff:taken_on", actor=actor, subject=user, data={"role": role})
    return NewMember(user, seed, codes)
