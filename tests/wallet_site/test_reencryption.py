"""A key is put out of service: the new one alone opens every secret, and nobody is told of a change that is none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.urls import reverse
from django.utils import timezone

from accounts.models import CredentialChange, TotpDevice
from payments.actions.merchants import take_on_merchant
from payments.models import WebhookEndpoint
from tests.payments.books import TESTS
from tests.people import make_customer, signed_in_client
from tests.servers import this_run
from wallet_site.audit.models import AuditRow
from wallet_site.local.postgres import OWNER
from wallet_site.outbox.models import Event
from wallet_site.reencryption import encrypted_columns, reencrypt

RUN = this_run()
OLD, NEW = "old", "new"
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.requirement(11),
    # Nobody else may read while the keys are others.
    pytest.mark.usefixtures("no_worker"),
]


@pytest.fixture
def owner(transactional_db: None) -> Iterator[str]:
    """The alias of a connection of the tables' owner."""
    role = OWNER if RUN.database.url(OWNER).split("//")[1].startswith(OWNER) else f"{RUN.database.name}_owner"
    given = connection.settings_dict | {"USER": role}
    connections["owner"] = DatabaseWrapper(given, alias="owner")
    yield "owner"
    connections["owner"].close()
    del connections["owner"]


@pytest.fixture
def keys(settings, owner: str) -> Iterator[dict[str, str]]:
    """Today's key and the one to come; at the end everything is under today's again."""
    both = {OLD: settings.FIELD_ENCRYPTION_KEYS[0], NEW: Fernet.generate_key().decode()}
    yield both
    settings.FIELD_ENCRYPTION_KEYS = [both[OLD], both[NEW]]
    for model, columns in encrypted_columns().items():
        reencrypt(model, columns, using=owner)


def everything(owner: str) -> dict[str, int]:
    return {
        model._meta.label: reencrypt(model, columns, using=owner)
        for model, columns in encrypted_columns().items()
    }


def raw_seed(device: TotpDevice) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT seed FROM accounts_totpdevice WHERE id = %s", [device.pk])
        return str(cursor.fetchone()[0])


def test_after_it_the_new_key_alone_opens_everything_and_nobody_is_told(settings, keys, owner: str) -> None:
    aya = make_customer("aya")
    device = aya.user.totp_devices.get()
    before, changes = device.seed, CredentialChange.objects.filter(user=aya.user).count()
    notices = Event.objects.filter(user_id=aya.user.pk).count()

    settings.FIELD_ENCRYPTION_KEYS = [keys[NEW], keys[OLD]]
    renewed = everything(owner)

    assert renewed["accounts.TotpDevice"] >= 1
    settings.FIELD_ENCRYPTION_KEYS = [keys[NEW]]
    assert TotpDevice.objects.get(pk=device.pk).seed == before
    assert signed_in_client(aya).get(reverse("payments:home")).status_code == 200
    assert CredentialChange.objects.filter(user=aya.user).count() == changes
    assert Event.objects.filter(user_id=aya.user.pk).count() == notices
    assert AuditRow.objects.filter(action="system:encryption:renewed").latest("id").data["values"] >= 1


def test_the_triggers_stand_again_and_a_repeat_finds_nothing(settings, keys, owner: str) -> None:
    aya = make_customer("aya")
    device = aya.user.totp_devices.get()
    settings.FIELD_ENCRYPTION_KEYS = [keys[NEW], keys[OLD]]
    everything(owner)
    written = raw_seed(device)

    assert set(everything(owner).values()) == {0}
    assert raw_seed(device) == written

    device.seed = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    device.save(update_fields=["seed"])
    assert CredentialChange.objects.filter(user=aya.user, kind="totp_changed").count() == 1


def test_a_row_with_two_secrets_is_renewed_whole(settings, keys, owner: str) -> None:
    """And its foreign key is no obstacle: a second change of the row would queue a check of it."""
    merchant = take_on_merchant("Hashi Mart", actor=TESTS)
    endpoint = WebhookEndpoint.objects.create(
        merchant=merchant,
        url="https://merchant.example/hooks",
        secret="whsec_new",
        previous_secret="whsec_old",
        previous_until=timezone.now(),
    )
    settings.FIELD_ENCRYPTION_KEYS = [keys[NEW], keys[OLD]]
    assert everything(owner)["payments.WebhookEndpoint"] >= 2
    settings.FIELD_ENCRYPTION_KEYS = [keys[NEW]]
    endpoint.refresh_from_db()
    assert (endpoint.secret, endpoint.previous_secret) == ("whsec_new", "whsec_old")


def test_with_a_key_missing_nothing_is_changed(settings, keys, owner: str) -> None:
    device = make_customer("aya").user.totp_devices.get()
    written = raw_seed(device)
    settings.FIELD_ENCRYPTION_KEYS = [keys[NEW]]

    with pytest.raises(InvalidToken, match=r"^accounts_totpdevice\.seed where \w+ is \d+$"):
        reencrypt(TotpDevice, ["seed"], using=owner)

    assert raw_seed(device) == written


def test_the_application_may_not_put_the_triggers_to_rest(settings, keys) -> None:
    make_customer("aya")
    settings.FIELD_ENCRYPTION_KEYS = [keys[NEW], keys[OLD]]

    with pytest.raises(ProgrammingError, match="must be owner"):
        reencrypt(TotpDevice, ["seed"])
    with pytest.raises(CommandError, match="KAKEHASHI_DATABASE_ROLE=owner"):
        call_command("reencrypt")


def test_every_encrypted_field_is_found() -> None:
    found = {model._meta.label: columns for model, columns in encrypted_columns().items()}
    assert found["accounts.TotpDevice"] == ["seed"]
    assert found["accounts.SignUp"] == ["totp_seed", "recovery_codes"]
    assert found["payments.Terminal"] == ["signing_secret"]
