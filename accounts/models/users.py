"""A person: customer or staff, never both."""

from __future__ import annotations

import unicodedata
import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import check_password as check_hash
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, models, transaction
from django.db.models.functions import Lower, Now
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from wallet_site.rights import NO_DELETE


def canonical_email(text: str) -> str:
    """The one form of an address that is stored and searched: NFKC, lower case, plain ASCII.

    Raises `ValidationError` for anything that is no address or holds a character outside ASCII: look-alikes of an
    address on file (Unicode twins) cannot even be written (requirement 20).
    """
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    if plain != text.strip().lower() or not plain.isascii():
        raise ValidationError(
            _("Enter the address in plain letters, such as aya@example.com."), code="not-ascii"
        )
    validate_email(plain)
    return plain


class UserManager(BaseUserManager["User"]):
    """Makes people whole: no user exists without a canonical address."""

    def create_customer(self, *, email: str, full_name: str, password_hash: str, language: str) -> User:
        """A customer with a number of their own. `password_hash` is already hashed by Django's hasher."""
        user = User(
            kind=User.Kind.CUSTOMER,
            email=canonical_email(email),
            full_name=full_name,
            password=password_hash,
            language=language,
        )
        user.save(using=self._db)
        user.refresh_from_db()
        return user

    def create_staff(self, *, email: str, full_name: str, password: str, language: str = "ja") -> User:
        """A member of staff without any permission yet."""
        user = User(
            kind=User.Kind.STAFF,
            is_staff=True,
            email=canonical_email(email),
            full_name=full_name,
            language=language,
        )
        user.set_password(password)
        user.save(using=self._db)
        user.refresh_from_db()
        return user

    def create_superuser(self, email: str, password: str, full_name: str = "", **_extra: Any) -> User:
        """For `manage.py createsuperuser`: staff with every permission. A second factor is still needed to enter."""
        user = self.create_staff(email=email, full_name=full_name or email, password=password)
        user.is_superuser = True
        user.save(update_fields=["is_superuser"])
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """One person. The database refuses somebody who is staff and customer at once."""

    database_rights: ClassVar = NO_DELETE

    class Kind(models.TextChoices):
        CUSTOMER = "customer", _("Customer")
        STAFF = "staff", _("Staff")

    class Language(models.TextChoices):
        JAPANESE = "ja", "日本語"
        ENGLISH = "en", "English"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.TextField(_("kind"), choices=Kind, editable=False)
    # "K-0000-0001", by the database from the id; what customers tell on the phone. Null for staff.
    customer_number = models.TextField(_("customer number"), unique=True, null=True, editable=False)
    email = models.EmailField(_("e-mail address"), unique=True)
    full_name = models.CharField(_("name"), max_length=120)
    phone = models.CharField(_("phone number"), max_length=16, null=True, blank=True)
    language = models.CharField(_("language"), max_length=2, choices=Language, default=Language.JAPANESE)
    is_staff = models.BooleanField(_("staff"), default=False, editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    # By the database's clock and never changed: triggers tell by it what belongs to the opening of the account.
    created_at = models.DateTimeField(_("joined"), db_default=Now(), editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar = ["full_name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="staff", is_staff=True)
                | models.Q(kind="customer", is_staff=False, is_superuser=False),
                name="staff_or_customer_never_both",
            ),
            models.CheckConstraint(
                condition=models.Q(email__regex=r"^[\x21-\x3f\x41-\x5a\x5b-\x7e]+@[\x21-\x3f\x41-\x7e]+$"),
                name="email_is_plain_ascii",
            ),
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="email_is_lower_case"),
            models.CheckConstraint(
                condition=models.Q(phone__isnull=True) | models.Q(phone__regex=r"^\+[1-9][0-9]{6,14}$"),
                name="phone_is_e164",
            ),
        ]
        indexes = [models.Index(fields=["kind", "-id"], name="user_by_kind")]

    def __str__(self) -> str:
        return self.full_name

    @property
    def display_name(self) -> str:
        """What pages greet with: the given name where one can be told."""
        return self.full_name

    def get_short_name(self) -> str:
        return self.full_name

    def check_password(self, raw_password: str | None) -> bool:
        """Like Django's, but an upgrade of the hash says to the trigger that it is one.

        The database still writes it down (`password_rehashed`); it announces nothing, as nothing has changed for
        the owner.
        """

        def upgrade(password: str) -> None:
            old = self.password
            self.set_password(password)
            self._password = None
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    "SELECT set_config('kakehashi.password_rehash', %s || ':' || md5(%s), true)",
                    [str(self.pk), old],
                )
                self.save(update_fields=["password"])
                cursor.execute("SELECT set_config('kakehashi.password_rehash', '', true)")

        return check_hash(raw_password, self.password, upgrade)

    def get_session_auth_hash(self) -> str:
        """Ends every session when the password or the address changes."""
        return salted_hmac(
            "accounts.models.User.get_session_auth_hash", f"{self.password}\0{self.email}", algorithm="sha256"
        ).hexdigest()
