"""All settings, typed, in one place. What differs between machines comes from the environment through `env`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from wallet_site import env
from wallet_site.logs import logging_config
from wallet_site.startup import production_requirements, refuse_one_secret_for_two, stripe_requirements

BASE_DIR = Path(__file__).resolve().parent.parent
MODE = env.mode()
PRODUCTION = MODE is env.Mode.PRODUCTION
DEVELOPMENT = MODE is env.Mode.DEVELOPMENT
DEBUG = False  # Error pages never show code or values, in development neither: the log has them.

# --- Secrets -------------------------------------------------------------------------------------------------------
SECRET_KEY = env.secret("SECRET_KEY", strong=PRODUCTION)
SECRET_KEY_FALLBACKS = env.older_secrets("SECRET_KEY_FALLBACKS", strong=PRODUCTION)
FIELD_ENCRYPTION_KEYS = env.encryption_keys("FIELD_ENCRYPTION_KEYS", strong=PRODUCTION)
LOOKUP_KEY = env.secret("LOOKUP_KEY", strong=PRODUCTION)

# --- Where we are --------------------------------------------------------------------------------------------------
# Every link that leaves the portal starts with this, never with a request's Host header (requirement 22).
PUBLIC_URL = env.text("PUBLIC_URL", "") if not PRODUCTION else env.required("PUBLIC_URL")
PUBLIC_URL = (PUBLIC_URL or "http://localhost:8000").rstrip("/")
PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname or ""
ALLOWED_HOSTS = [PUBLIC_HOST, *env.names("EXTRA_HOSTS", [])]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
DATA_DIR = env.folder("DATA_DIR", BASE_DIR / ".data")
TRUSTED_PROXIES = env.integer("TRUSTED_PROXIES", 0)
SUPPORT_PHONE = env.text("SUPPORT_PHONE", "0120-000-000")
SECURITY_CONTACT = env.text("SECURITY_CONTACT", "mailto:security@kakehashi.example.com")
OPERATOR_NAME = env.text("OPERATOR_NAME", "Kakehashi")

ROOT_URLCONF = "wallet_site.urls"
WSGI_APPLICATION = "wallet_site.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEST_RUNNER = "django.test.runner.DiscoverRunner"

INSTALLED_APPS = [
    *(["wallet_site.local"] if not PRODUCTION else []),
    # People first: packages ask for their model while the models above them are being read.
    "accounts",
    "payments",
    "support",
    "wallet_site.outbox",
    "wallet_site.audit",
    "wallet_site.idempotency",
    "wallet_site.switches",
    "wallet_site",
    "two_factor",
    "django_otp",
    # The wizard imports these two; their tables are sealed by a constraint, our own devices live in `accounts`.
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    # Its model of a passkey and its ceremonies; the tables it brings are sealed too, but for the user handles.
    "django_otp_webauthn",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "support.apps.DeskAdminConfig",
    "django.forms",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "django_structlog",
    "django_prometheus",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "wallet_site.web.TrustedNetworkMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "wallet_site.api.throttles.ApiHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "wallet_site.web.ProblemPageMiddleware",
    "accounts.middleware.SignInMiddleware",
    "wallet_site.web.AccessMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "wallet_site.web.portal_context",
                "accounts.context.account_context",
            ],
        },
    },
]
FORM_RENDERER = "wallet_site.forms.PageFormRenderer"

# --- Database: the application's role; the owner only while migrating ------------------------------------------------
_AS_OWNER = env.text("KAKEHASHI_DATABASE_ROLE", "application") == "owner"


def _database() -> dict[str, Any]:
    def application_url() -> str:
        return env.required("DATABASE_URL")

    config: dict[str, Any] = (
        env.database("DATABASE_OWNER_URL", application_url) if _AS_OWNER else env.database("DATABASE_URL")
    )
    return config | {
        "CONN_MAX_AGE": 300,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
        "OPTIONS": {**config.get("OPTIONS", {}), "prepare_threshold": 5},
    }


DATABASES = {"default": _database()}
# The role that `manage.py grant_app_role` gives its few rights to; empty where owner and application are one role.
DATABASE_APP_ROLE = env.database("DATABASE_URL").get("USER", "")

# --- Redis: rate limits, replay guards, Celery's broker --------------------------------------------------------------
REDIS_URL = env.required("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cache",
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
    }
}
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", REDIS_URL.replace("unix://", "redis+socket://"))
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_DEFAULT_QUEUE = "ordinary"
CELERY_TASK_ROUTES = {
    "outbox.relay_security": {"queue": "security"},
    "outbox.relay_bulk": {"queue": "bulk"},
    "outbox.relay_webhook": {"queue": "webhook"},
}
# A task only hurries along what a table already owes: when the broker is gone the request goes on, the sweep follows.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "visibility_timeout": 300,
}
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "Asia/Tokyo"
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    # `expires`: after a broker was away its backlog of sweeps is worth nothing.
    "outbox-security": {"task": "outbox.relay_security", "schedule": 1.0, "options": {"expires": 2}},
    "outbox-ordinary": {"task": "outbox.relay_ordinary", "schedule": 2.0, "options": {"expires": 4}},
    "outbox-bulk": {"task": "outbox.relay_bulk", "schedule": 2.0, "options": {"expires": 4}},
    "outbox-webhook": {"task": "outbox.relay_webhook", "schedule": 2.0, "options": {"expires": 4}},
    "top-ups": {"task": "payments.settle_top_ups", "schedule": 5.0, "options": {"expires": 10}},
    "recovery-asks": {"task": "accounts.take_recovery_asks", "schedule": 10.0, "options": {"expires": 20}},
    "recoveries": {"task": "accounts.mind_recoveries", "schedule": 60.0, "options": {"expires": 60}},
    "stuffing": {"task": "accounts.end_stuffing_wave", "schedule": 60.0, "options": {"expires": 60}},
    "forget-accounts": {"task": "accounts.forget_expired", "schedule": timedelta(hours=6)},
    "forget-answers": {"task": "idempotency.forget_old", "schedule": timedelta(hours=6)},
    "cards": {"task": "payments.settle_cards", "schedule": 60.0, "options": {"expires": 60}},
    "authorizations": {
        "task": "payments.expire_authorizations",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "closings": {"task": "payments.close_wallets", "schedule": 20.0, "options": {"expires": 20}},
    "data-exports": {"task": "payments.mind_exports", "schedule": 10.0, "options": {"expires": 10}},
    "requests": {"task": "payments.expire_requests", "schedule": 60.0, "options": {"expires": 60}},
    "auto-top-ups": {"task": "payments.auto_top_up_all", "schedule": 30.0, "options": {"expires": 30}},
    "approvals": {"task": "support.expire_approvals", "schedule": 60.0, "options": {"expires": 60}},
    # Every hour, so that a night without a worker is made up for; each day and month is closed once.
    "settlements": {"task": "payments.settle_merchants", "schedule": crontab(minute=20)},
    "statements": {"task": "payments.make_statements", "schedule": crontab(minute=40)},
    "dispute-answers": {
        "task": "payments.send_dispute_answers",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "books": {"task": "payments.verify_books", "schedule": crontab(hour=3, minute=30)},
    "reconciliation": {"task": "payments.reconcile", "schedule": crontab(hour=4, minute=0)},
}

# --- Who somebody is -------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.EmailBackend"]
LOGIN_URL = "accounts:sign_in"
LOGIN_REDIRECT_URL = "payments:home"
LOGOUT_REDIRECT_URL = "accounts:sign_in"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
if MODE is env.Mode.TEST:
    PASSWORD_HASHERS[0] = "wallet_site.local.hashers.QuickArgon2PasswordHasher"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "full_name", "phone", "customer_number")},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.password_rules.DisguisedCommonPasswordValidator"},
    {"NAME": "accounts.password_rules.OwnDataValidator"},
    {"NAME": "accounts.breached.BreachedPasswordValidator"},
]
# A range service of leaked passwords, such as https://api.pwnedpasswords.com/range/ (see accounts.breached). While it
# cannot be asked nobody can choose a password; without one the lists in the box decide alone.
BREACHED_PASSWORDS_URL = env.text("BREACHED_PASSWORDS_URL", "")
BREACHED_PASSWORDS_TIMEOUT_SECONDS = 3
# From when on tries at passwords are a wave (`accounts.stuffing`): of ten minutes, from devices that the account does
# not know. STUFFING_THRESHOLDS='{"tries": 500}' changes some. Tests try many passwords and mean no harm.
STUFFING_THRESHOLDS: dict[str, int] = {
    "tries": 1_000_000_000 if MODE is env.Mode.TEST else 300,
    "accounts": 100,
    "networks": 30,
    "right_percent": 10,
    **env.whole_numbers("STUFFING_THRESHOLDS"),
}
OTP_TOTP_ISSUER = OPERATOR_NAME
TWO_FACTOR_PATCH_ADMIN = (
    False  # It only redirects the login page; our admin site asks for a verified factor itself.
)
TWO_FACTOR_REMEMBER_COOKIE_AGE = None  # A remembered browser never stands in for a factor (requirement 15).
TWO_FACTOR_LOGIN_TIMEOUT = 300

# Passkeys (WebAuthn). The relying party is the portal's host: with another host every passkey is lost. What an
# iPhone's app signs has the portal's own origin, an Android app's is in PASSKEY_APP_ORIGINS, comma-separated:
# android:apk-key-hash:<base64url of the signing certificate's SHA-256>.
PASSKEY_APP_ORIGINS = env.names("PASSKEY_APP_ORIGINS", [])
PASSKEY_CEREMONY_LIFETIME = timedelta(minutes=5)
OTP_WEBAUTHN_CREDENTIAL_MODEL = "accounts.Passkey"
OTP_WEBAUTHN_RP_ID = PUBLIC_HOST
OTP_WEBAUTHN_RP_NAME = OPERATOR_NAME
OTP_WEBAUTHN_ALLOWED_ORIGINS = [PUBLIC_URL]
OTP_WEBAUTHN_TIMEOUT_SECONDS = int(PASSKEY_CEREMONY_LIFETIME.total_seconds())

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "__Host-session" if PUBLIC_URL.startswith("https://") else "session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_EXPIRE_AT_BROWSER_CLOSE = False
SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())
CUSTOMER_SESSION_IDLE = timedelta(minutes=30)
CUSTOMER_SESSION_TOTAL = timedelta(hours=12)
STAFF_SESSION_IDLE = timedelta(minutes=15)
STAFF_SESSION_TOTAL = timedelta(hours=8)
# By this a browser that has signed in before is recognised; it opens nothing. 400 days is the most a browser keeps.
BROWSER_COOKIE_NAME = "__Host-browser" if PUBLIC_URL.startswith("https://") else "browser"
BROWSER_COOKIE_AGE = int(timedelta(days=400).total_seconds())
STEP_UP_FRESH = timedelta(minutes=5)
UNDO_LINK_LIFETIME = timedelta(days=7)
# A file in MaxMind's format (GeoLite2-City.mmdb, DB-IP City Lite), by which people read roughly where a network is.
# Looked up here, never asked of anybody; without one no place is named.
PLACES_DATABASE = env.text("PLACES_DATABASE", "")

# --- The card processor ----------------------------------------------------------------------------------------------
PROCESSOR = env.one_of("PROCESSOR", ("sandbox", "stripe", "none"), "sandbox")
SANDBOX_URL = env.text("SANDBOX_URL", "http://localhost:8010").rstrip("/")
SANDBOX_API_KEY = env.text("SANDBOX_API_KEY", "")
SANDBOX_WEBHOOK_SECRET = env.text("SANDBOX_WEBHOOK_SECRET", "")
# Cards that were linked with Stripe go on with it after PROCESSOR has changed, as long as the key is here.
STRIPE_URL = env.text("STRIPE_URL", "https://api.stripe.com").rstrip("/")
STRIPE_API_KEY = env.required("STRIPE_API_KEY") if PROCESSOR == "stripe" else env.text("STRIPE_API_KEY", "")
STRIPE_WEBHOOK_SECRET = (
    env.required("STRIPE_WEBHOOK_SECRET") if PROCESSOR == "stripe" else env.text("STRIPE_WEBHOOK_SECRET", "")
)
# How long the portal waits for its card processor before it says "unknown" and lets the sweep ask.
PROCESSOR_TIMEOUT_SECONDS = env.integer("PROCESSOR_TIMEOUT_SECONDS", 8)

# --- Headers ---------------------------------------------------------------------------------------------------------
_PROCESSOR_ORIGINS = {
    "sandbox": [SANDBOX_URL],
    "stripe": ["https://checkout.stripe.com", "https://hooks.stripe.com"],
}.get(PROCESSOR, [])

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        # Chrome applies this to the redirect after a form too: linking a card posts here and goes on there.
        "form-action": [SELF, *_PROCESSOR_ORIGINS],
        "frame-ancestors": [NONE],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    name: []
    for name in (
        "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen", "geolocation",
        "gyroscope", "magnetometer", "microphone", "midi", "payment", "usb", "screen-wake-lock", "xr-spatial-tracking",
    )
}  # fmt: skip
X_FRAME_OPTIONS = "DENY"
# Undo and reset links hold tokens: a referrer never holds more than our origin. Not "no-referrer": browsers then send
# forms with "Origin: null", which the guard against forged forms rightly refuses.
SECURE_REFERRER_POLICY = "strict-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]
SECURE_HSTS_SECONDS = int(timedelta(days=365 * 2).total_seconds()) if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SESSION_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE
CSRF_COOKIE_NAME = "__Host-csrftoken" if SESSION_COOKIE_SECURE else "csrftoken"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "wallet_site.web.csrf_failure"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SECURE = SESSION_COOKIE_SECURE
LANGUAGE_COOKIE_SAMESITE = "Lax"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000

# --- Languages and time ----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "ja"
LANGUAGES = [("ja", _("Japanese")), ("en", _("English"))]
FORMAT_MODULE_PATH = ["wallet_site.formats"]
LOCALE_PATHS = [BASE_DIR / "wallet_site" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Tokyo"

# --- Static files ----------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = env.folder("STATIC_ROOT", BASE_DIR / "staticfiles")
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = DEVELOPMENT  # A style sheet that is being edited shows at once.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# --- Mail ------------------------------------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"{OPERATOR_NAME} <notice@kakehashi.example.com>")
EMAIL_TIMEOUT = 20
if PRODUCTION or env.text("EMAIL_URL", ""):
    _mail = env.email("EMAIL_URL", "")
    EMAIL_BACKEND = str(_mail["EMAIL_BACKEND"])
    EMAIL_HOST = str(_mail.get("EMAIL_HOST") or "localhost")
    EMAIL_PORT = int(str(_mail.get("EMAIL_PORT") or 25))
    EMAIL_HOST_USER = str(_mail.get("EMAIL_HOST_USER") or "")
    EMAIL_HOST_PASSWORD = str(_mail.get("EMAIL_HOST_PASSWORD") or "")
    EMAIL_USE_TLS = bool(_mail.get("EMAIL_USE_TLS", False))
    EMAIL_USE_SSL = bool(_mail.get("EMAIL_USE_SSL", False))
else:
    EMAIL_BACKEND = "wallet_site.local.mail.MailboxBackend"
DEMO_MAIL_DIR = DATA_DIR / "mail"

# --- Notices: who is owed what (see wallet_site.outbox) --------------------------------------------------------------
OUTBOX_LEASE = timedelta(seconds=env.integer("OUTBOX_LEASE_SECONDS", 60))
OUTBOX_BATCH = 50
# SMS and push leave by a POST to a gateway (see `outbox.channels`); without one that channel does not exist.
NOTICE_GATEWAYS = {
    "sms": {"url": env.text("SMS_GATEWAY_URL", ""), "token": env.text("SMS_GATEWAY_TOKEN", "")},
    "push": {"url": env.text("PUSH_GATEWAY_URL", ""), "token": env.text("PUSH_GATEWAY_TOKEN", "")},
}
GATEWAY_TIMEOUT_SECONDS = 10
# Channels that an app brings (the ground floor knows none), by name.
FURTHER_CHANNELS = {"webhook": "payments.merchant_webhooks.channel.WebhookChannel"}
WEBHOOK_TIMEOUT_SECONDS = 8
# Where no gateway is given in development and tests: read at /demo/mail/ like the mail.
DEMO_PHONE_CHANNEL = "" if PRODUCTION else "wallet_site.local.phones.DemoPhoneChannel"
DEMO_PHONE_DIR = DATA_DIR / "phones"
# Whose numbers are taken for notices: every further region is one more that somebody can make us send paid SMS to.
SMS_REGIONS = env.names("SMS_REGIONS", ["JP"])

# --- API -------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.authentication.DeviceTokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.api.permissions.IsCustomer"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["wallet_site.api.parsers.StrictJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "wallet_site.api.negotiation.OneFormat",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_THROTTLE_CLASSES": ["wallet_site.api.throttles.CallerThrottle"],
    "DEFAULT_SCHEMA_CLASS": "wallet_site.api.schema.PortalSchema",
    "DEFAULT_PAGINATION_CLASS": "wallet_site.api.pagination.CursorPages",
    "PAGE_SIZE": 25,
    "EXCEPTION_HANDLER": "wallet_site.api.problems.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
API_REQUESTS_PER_MINUTE = env.integer("API_REQUESTS_PER_MINUTE", 300)
API_CHALLENGE_LIFETIME = timedelta(minutes=5)
API_ACCESS_TOKEN_LIFETIME = timedelta(minutes=10)
# An app that is not opened for so long asks for password and second factor again.
API_REFRESH_TOKEN_LIFETIME = timedelta(days=30)
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Kakehashi API",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SERVERS": [{"url": PUBLIC_URL}],
    # For reading: the page holds no device key, so it could prove no request. No picture is fetched from elsewhere.
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": True,
        "displayOperationId": True,
        "supportedSubmitMethods": [],
        "validatorUrl": None,
    },
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "ENUM_NAME_OVERRIDES": {
        "FactorEnum": "accounts.api.serializers.FACTORS",
        "FactorOrSpareEnum": "accounts.api.serializers.FACTORS_AND_SPARE",
        "ContactKindEnum": "accounts.models.ContactKind",
        "ChangeKindEnum": "accounts.models.CredentialChange.Kind",
        "CardStateEnum": "payments.models.CardState",
        "CardLinkingStateEnum": "payments.models.LinkingState",
        "ClosureStateEnum": "payments.api.closure_serializers.CLOSURE_STATES",
        "DataExportStateEnum": "payments.api.closure_serializers.EXPORT_STATES",
        "TopUpStateEnum": "payments.models.TopUpState",
        "PaymentStatusEnum": "payments.models.PaymentStatus",
        "MovementKindEnum": "payments.models.JournalKind",
        "MoneyRequestStateEnum": "payments.models.RequestState",
        "OwnLimitKindEnum": "payments.api.transfer_serializers.LIMIT_KINDS",
        "TransferDirectionEnum": "payments.api.transfer_serializers.DIRECTIONS",
        "AutoTopUpOffEnum": "payments.models.AutoTopUp.OffBecause",
        "OneTimeCodeStateEnum": "payments.api.wallet_serializers.CODE_STATES",
    },
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "wallet_site.api.schema.describe_problems",
    ],
}

# --- Money -----------------------------------------------------------------------------------------------------------
CURRENCY = "JPY"
# Yen. What `payments.card_limits` judges top-ups by: (days since, at most a day) for young accounts and cards.
TOP_UP_MINIMUM = env.integer("TOP_UP_MINIMUM", 500)
TOP_UP_PER_CHARGE = env.integer("TOP_UP_PER_CHARGE", 30_000)
TOP_UP_PER_DAY = env.integer("TOP_UP_PER_DAY", 50_000)
TOP_UP_PER_MONTH = env.integer("TOP_UP_PER_MONTH", 200_000)
TOP_UP_WALLET_BALANCE = env.integer("TOP_UP_WALLET_BALANCE", 100_000)
TOP_UP_NEW_ACCOUNT = [(3, 10_000), (14, 30_000)]
TOP_UP_NEW_CARD = [(3, 5_000), (14, 20_000)]
TOP_UP_IN_COOL_OFF = env.integer("TOP_UP_IN_COOL_OFF", 3_000)
# For so long after a charge its processor is asked to refund it; later money goes through the desk.
CARD_REFUND_WINDOW = timedelta(days=env.integer("CARD_REFUND_WINDOW_DAYS", 180))
CARD_LINKINGS_PER_CUSTOMER_A_DAY = 5
CARD_LINKINGS_PER_NETWORK_A_DAY = env.integer("CARD_LINKINGS_PER_NETWORK_A_DAY", 20)
# Yen. What `payments.send_limits` judges sending to others by.
SEND_PER_SEND = env.integer("SEND_PER_SEND", 50_000)
SEND_PER_DAY = env.integer("SEND_PER_DAY", 100_000)
SEND_PER_MONTH = env.integer("SEND_PER_MONTH", 300_000)
SEND_NEW_ACCOUNT_DAYS = 14
SEND_NEW_ACCOUNT_PER_DAY = env.integer("SEND_NEW_ACCOUNT_PER_DAY", 10_000)
SEND_IN_COOL_OFF = env.integer("SEND_IN_COOL_OFF", 5_000)
# The numbers of the rules in `payments.risk`; RISK_THRESHOLDS='{"at_limit_delay": 2}' changes some. Amounts in yen.
RISK_THRESHOLDS: dict[str, int] = {
    "new_for_hours": 24,
    "new_device_from_minor": 10_000,
    "new_network_from_minor": 10_000,
    "both_new_from_minor": 5_000,
    "cool_off_spend_from_minor": 5_000,
    "top_ups_in_ten_minutes_step_up": 3,
    "top_ups_in_ten_minutes_delay": 6,
    "top_ups_in_a_day_deny": 40,
    "spends_in_ten_minutes_step_up": 6,
    "spends_in_ten_minutes_delay": 12,
    "sends_in_ten_minutes_step_up": 3,
    "sends_in_ten_minutes_delay": 6,
    "linkings_in_a_day_delay": 5,
    "refused_cards_in_a_day_deny": 5,
    "cards_on_device_delay": 6,
    "cards_on_device_deny": 12,
    "wallets_with_card_step_up": 1,
    "wallets_with_card_deny": 2,
    "at_limit_from_minor": 10_000,
    "at_limit_step_up": 2,
    "at_limit_delay": 3,
    "at_limit_deny": 4,
    "far_from_home_km": 300,
    "far_from_home_from_minor": 5_000,
    "new_payee_delay_from_minor": 20_000,
    **env.whole_numbers("RISK_THRESHOLDS"),
}

# --- What happens, seen ----------------------------------------------------------------------------------------------
LOGGING = logging_config(
    level=env.text("LOG_LEVEL", "INFO"), as_json=PRODUCTION or env.boolean("LOG_JSON", False)
)
LOGGING_CONFIG = "logging.config.dictConfig"
DJANGO_STRUCTLOG_CELERY_ENABLED = True
PROMETHEUS_EXPORT_MIGRATIONS = False
METRICS_TOKEN = env.secret("METRICS_TOKEN", strong=True) if PRODUCTION else env.text("METRICS_TOKEN", "")

if PRODUCTION:
    refuse_one_secret_for_two(
        {
            "SECRET_KEY": [SECRET_KEY, *SECRET_KEY_FALLBACKS],
            "LOOKUP_KEY": [LOOKUP_KEY],
            "METRICS_TOKEN": [METRICS_TOKEN],
            "FIELD_ENCRYPTION_KEYS": FIELD_ENCRYPTION_KEYS,
        }
    )
    production_requirements(
        public_url=PUBLIC_URL,
        hosts=ALLOWED_HOSTS,
        processor=PROCESSOR,
        sandbox_secret=SANDBOX_WEBHOOK_SECRET,
        mail_backend=EMAIL_BACKEND,
        gateways={name: gateway["url"] for name, gateway in NOTICE_GATEWAYS.items()},
    )
    if PROCESSOR == "stripe":
        stripe_requirements(url=STRIPE_URL, api_key=STRIPE_API_KEY, webhook_secret=STRIPE_WEBHOOK_SECRET)
