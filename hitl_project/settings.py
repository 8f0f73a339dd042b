"""All settings, read from the environment. `.env.example` describes each variable."""

import hashlib
import logging
import re
import warnings
from datetime import timedelta
from pathlib import Path

from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from hitl_project import __version__, logs
from hitl_project.embedded.folder import secret_key, var_folder
from hitl_project.encryption_keys import check_keys, derived_key
from hitl_project.postgresql.connections import bounded
from hitl_project.redis_servers import layer_host, redis_url
from hitl_project.variables import (
    database_settings,
    database_url,
    env,
    number,
    switch,
    url,
)

BASE_DIR = Path(__file__).resolve().parent.parent


# -- What runs here ---------------------------------------------------------------------------

DATABASE_URL = database_url("DATABASE_URL")
DATABASE_REPLICA_URL = database_url("DATABASE_REPLICA_URL")
REDIS_URL = redis_url("REDIS_URL")
HITL_VAR = var_folder()
HOST = env.str("HOST", default="127.0.0.1")
PORT = number("PORT", 8003, most=65_535)
WORKERS = number("WORKERS", 1, least=1, most=64)
DEBUG = switch("DEBUG")

SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY and DATABASE_URL:
    raise ImproperlyConfigured("SECRET_KEY must be set when DATABASE_URL is set")
SECRET_KEY = SECRET_KEY or secret_key()
HITL_AUDIT_KEYS = env.list("HITL_AUDIT_KEYS", cast=str.strip, default=[SECRET_KEY])
if not all(HITL_AUDIT_KEYS):
    raise ImproperlyConfigured("HITL_AUDIT_KEYS must hold keys, separated by commas")

# Fernet keys, the one to encrypt with first. Without any, one is derived from the secret key.
HITL_ENCRYPTION_KEYS = env.list(
    "HITL_ENCRYPTION_KEYS", cast=str.strip, default=[derived_key(SECRET_KEY)]
)
check_keys(HITL_ENCRYPTION_KEYS)

# -- Who may come in --------------------------------------------------------------------------

LOCAL_NAMES = ["localhost", "127.0.0.1", "[::1]"]
ORIGIN = re.compile(r"https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]+)?")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", cast=str.strip, default=LOCAL_NAMES)
HITL_ALLOWED_ORIGINS = env.list("HITL_ALLOWED_ORIGINS", cast=str.strip, default=[])
for origin in HITL_ALLOWED_ORIGINS:
    if not ORIGIN.fullmatch(origin):
        raise ImproperlyConfigured(
            "HITL_ALLOWED_ORIGINS must hold origins as browsers send them, like "
            f"https://console.example.com, without a path, not {origin!r}"
        )
CSRF_TRUSTED_ORIGINS = HITL_ALLOWED_ORIGINS
HITL_OPEN_ACCESS = switch("HITL_OPEN_ACCESS")
HITL_SUBMITTER_MAY_DECIDE = switch("HITL_SUBMITTER_MAY_DECIDE", default=True)
HITL_BOTS = env.list("HITL_BOTS", cast=str.strip, default=[])
HITL_DEMO_PASSWORD = env.str("HITL_DEMO_PASSWORD", default="")
# An installation with other host names is served over TLS; the local one is not.
BEHIND_TLS = not DEBUG and not set(ALLOWED_HOSTS) <= set(LOCAL_NAMES)

# Wrong passwords count for a name from an address, so that nobody locks out a user elsewhere.
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "accounts.lockout.NameBound",
    "accounts.backends.OneQueryBackend",
]
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = number("HITL_SIGN_IN_FAILURES", 5, least=1)
AXES_COOLOFF_TIME = timedelta(minutes=number("HITL_SIGN_IN_LOCKOUT_MINUTES", 15, least=1))
# For a name from all addresses, except those from which its user has signed in.
HITL_SIGN_IN_FAILURES_PER_NAME = number("HITL_SIGN_IN_FAILURES_PER_NAME", 50, least=1)
HITL_SIGN_INS_PER_MINUTE = number("HITL_SIGN_INS_PER_MINUTE", 30)
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_CALLABLE = "hitl_project.error_views.locked_out"
AXES_DISABLE_ACCESS_LOG = True
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "csrfmiddlewaretoken"]
# The proxies that are trusted to name a request's client; none by default.
HITL_TRUSTED_PROXIES = env.list("HITL_TRUSTED_PROXIES", cast=str.strip, default=[])

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "console"
LOGOUT_REDIRECT_URL = "sign-in"

SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_NAME = "hitl_session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_REDIRECT_EXEMPT = [r"^hitl/health"]
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = BEHIND_TLS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [NONCE],  # and what such a script imports; no element without the nonce
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],  # also for the socket
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# -- The socket -------------------------------------------------------------------------------

HITL_WS_MAX_MESSAGE_BYTES = number("HITL_WS_MAX_MESSAGE_BYTES", 10_240, least=1024)
HITL_WS_MAX_CONNECTIONS = number("HITL_WS_MAX_CONNECTIONS", 10_000, least=1)
HITL_WS_MAX_PER_USER = number("HITL_WS_MAX_PER_USER", 100, least=1)
HITL_CONNECTIONS_PER_ADDRESS = number("HITL_CONNECTIONS_PER_ADDRESS", 1000)
HITL_WS_RATE_PER_MINUTE = number("HITL_WS_RATE_PER_MINUTE", 60, least=1)
HITL_WS_IDLE_SECONDS = number("HITL_WS_IDLE_SECONDS", 150, least=1)
HITL_WS_PING_SECONDS = number("HITL_WS_PING_SECONDS", 15, least=1)
HITL_WS_MAX_AGE_SECONDS = number("HITL_WS_MAX_AGE_SECONDS", 43_200, least=1)
HITL_WS_COMPRESSION = switch("HITL_WS_COMPRESSION")
HITL_REPLAY_LIMIT = number("HITL_REPLAY_LIMIT", 1000)
HITL_HISTORY_EVENTS = number("HITL_HISTORY_EVENTS", 100_000)
HITL_HISTORY_DAYS = number("HITL_HISTORY_DAYS", 7, least=1)
HITL_WS_QUEUE_BYTES = number("HITL_WS_QUEUE_BYTES", 1024 * 1024, least=64 * 1024)
HITL_SHUTDOWN_GRACE_SECONDS = number("HITL_SHUTDOWN_GRACE_SECONDS", 1, most=600)
HITL_SHUTDOWN_SPREAD_SECONDS = number("HITL_SHUTDOWN_SPREAD_SECONDS", 10, most=600)

# -- The application --------------------------------------------------------------------------

API_PREFIX = "/hitl/"
"""Below it are REST and the socket; everything else is a page."""

INSTALLED_APPS = [
    "hitl_project",  # before those that also have a `runserver`
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "channels",
    "csp",
    "rest_framework",
    "knox",
    "rest_framework_simplejwt.token_blacklist",
    "django_filters",
    "django_structlog",
    "axes",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "procrastinate.contrib.django",
    "realtime",
    "audit",
    "accounts",
    "jobs",
    "forges",
    "reviews",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "hitl_project.middleware.responses.CompressedPages",
    "hitl_project.middleware.responses.BrotliPages",
    "hitl_project.middleware.responses.CompressedFiles",
    "hitl_project.middleware.responses.InvisibleCharacters",
    "hitl_project.middleware.assets.Assets",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "hitl_project.middleware.request_log.RequestLog",
    "hitl_project.middleware.responses.ContentSecurityPolicy",
    "hitl_project.middleware.responses.NoStore",
    "hitl_project.middleware.paths.OneSpellingOfApiPaths",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "hitl_project.middleware.paths.LanguageOfPages",
    "django.middleware.common.CommonMiddleware",
    "hitl_project.middleware.refusals.Refused",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "hitl_project.middleware.access.OpenAccess",
    "hitl_project.middleware.access.WriteRateLimit",
    "hitl_project.middleware.access.Audited",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "hitl_project.urls"
ASGI_APPLICATION = "hitl_project.asgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

FORM_RENDERER = "reviews.console.controls.NotedControls"

# -- Data -------------------------------------------------------------------------------------

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        # Offline commands and type checks name no server, and never connect.
        **database_settings(DATABASE_URL or "postgresql:///hitl"),
        "ENGINE": "hitl_project.postgresql",
        "CONN_MAX_AGE": 0,  # under ASGI the pool keeps connections; threads must not
        "CONN_HEALTH_CHECKS": True,
    }
}
HITL_DB_POOL = number("HITL_DB_POOL", 20, least=10)
HITL_DB_POOLER = switch("HITL_DB_POOLER")
HITL_DB_SECONDS = number("HITL_DB_SECONDS", 20, least=1, most=86_400)
DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = HITL_DB_POOLER
KEEPALIVES = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
options = DATABASES["default"]["OPTIONS"]  # what the URL says
options.update(
    KEEPALIVES,
    pool={
        "min_size": 0,
        "max_size": HITL_DB_POOL,
        "timeout": 5,
        # The pool's delay between attempts to connect doubles up to this limit; then a new request
        # starts again from the beginning. It is short, so that the pool notices soon when the
        # database is back.
        "reconnect_timeout": 1,
        "connection_class": bounded(HITL_DB_SECONDS),
    },
    connect_timeout=options.get("connect_timeout", 5),  # for each host
)

# PostgreSQL cancels a lock or a statement that takes longer, and the client must try again. If a
# process stopped within a transaction, its locks are released.
LIMITS = f"-c statement_timeout={HITL_DB_SECONDS}s -c idle_in_transaction_session_timeout=60s"
if not HITL_DB_POOLER:  # which refuses them, and gives a client another session at any time
    options["options"] = f"{options.get('options', '')} -c lock_timeout=10s {LIMITS}"

DATABASE_REPLICA_MAX_LAG_SECONDS = number("DATABASE_REPLICA_MAX_LAG_SECONDS", 30, least=1)
if DATABASE_REPLICA_URL:
    replica = database_settings(DATABASE_REPLICA_URL)
    replica |= {"ENGINE": "hitl_project.postgresql.replica", "CONN_MAX_AGE": 0}
    replica |= {"DISABLE_SERVER_SIDE_CURSORS": HITL_DB_POOLER, "TEST": {"MIRROR": "default"}}
    options = replica["OPTIONS"]
    options.update(KEEPALIVES, connect_timeout=options.get("connect_timeout", 2))
    if not HITL_DB_POOLER:  # nobody waits long for a lock, as the primary can answer instead
        read_only = "-c default_transaction_read_only=on -c lock_timeout=2s"
        options["options"] = f"{options.get('options', '')} {read_only} {LIMITS}"
    DATABASES["replica"] = replica
    DATABASE_ROUTERS = ["realtime.replica.routing.Router"]

LOCAL_MEMORY = "django.core.cache.backends.locmem.LocMemCache"
CACHES = {
    "default": {"BACKEND": LOCAL_MEMORY},
    "colours": {  # of code: 200 files of at most 64 KiB each
        "BACKEND": LOCAL_MEMORY,
        "LOCATION": "colours",
        "TIMEOUT": 3600,
        "OPTIONS": {"MAX_ENTRIES": 200},
    },
    "template_fragments": {  # of {% cache %}: forms of filters, of some 15 KB each
        "BACKEND": LOCAL_MEMORY,
        "LOCATION": "template_fragments",
        "OPTIONS": {"MAX_ENTRIES": 200},
    },
}

CHANNEL_LAYERS = {
    "default": {
        # One PUBLISH for an event, and nothing stored in Redis; hubs read lost events from the log.
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {
            "hosts": [layer_host(REDIS_URL)],
            # Redis's pub/sub ignores databases, so the name must separate installations.
            "prefix": f"hitl-{hashlib.sha256(f'layer {SECRET_KEY}'.encode()).hexdigest()[:12]}",
        },
    }
}

# -- Jobs and forges --------------------------------------------------------------------------

HITL_JOB_WORKERS = number("HITL_JOB_WORKERS", 1, most=16)
HITL_FAILED_JOB_DAYS = number("HITL_FAILED_JOB_DAYS", 30, least=1)
HITL_DELIVERY_DAYS = number("HITL_DELIVERY_DAYS", 14, least=1)
HITL_BATCH_DAYS = number("HITL_BATCH_DAYS", 90, least=1)
HITL_FORGE_SYNC_MINUTES = number("HITL_FORGE_SYNC_MINUTES", 10, most=60)

# -- Effects of decisions ---------------------------------------------------------------------

HITL_CONSOLE_URL = url("HITL_CONSOLE_URL", "https", "http").lower().removesuffix("/")
if HITL_CONSOLE_URL and not ORIGIN.fullmatch(HITL_CONSOLE_URL):
    raise ImproperlyConfigured(
        "HITL_CONSOLE_URL must be where people open the console, like "
        f"https://console.example.com, without a path, not {HITL_CONSOLE_URL!r}"
    )
HITL_UNDO_SECONDS = number("HITL_UNDO_SECONDS", 10, most=3600)
HITL_CLAIM_MINUTES = number("HITL_CLAIM_MINUTES", 15, least=1, most=24 * 60)
HITL_EFFECT_HOURS = number("HITL_EFFECT_HOURS", 24, least=1, most=24 * 365)

# -- REST -------------------------------------------------------------------------------------

AUTHENTICATION_CLASSES = [
    "accounts.api.authentication.BearerToken",
    "accounts.api.authentication.SessionOrOpenAccess",
]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": AUTHENTICATION_CLASSES,
    "DEFAULT_PERMISSION_CLASSES": ["reviews.api.permissions.ModelPermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["reviews.api.parsers.StrictJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "reviews.api.schema.Summarised",
    "EXCEPTION_HANDLER": "reviews.api.problems.handle",
    "DEFAULT_METADATA_CLASS": None,
    "DATETIME_FORMAT": "%Y-%m-%dT%H:%M:%S.%fZ",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "HITL Console",
    "DESCRIPTION": "Add APVs (Autonomous Patch Validations), read the queue, decide.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/hitl",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "reviews.api.schema.add_problems",
    ],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "AUTHENTICATION_WHITELIST": AUTHENTICATION_CLASSES,
    "ENUM_NAME_OVERRIDES": {
        "StatusEnum": "reviews.choices.Status",
        "VerbEnum": "reviews.decision_kinds.DecisionKind",
        "RiskLevelEnum": "reviews.choices.RiskLevel",
    },
}
REST_KNOX = {"TOKEN_PREFIX": "hitl_"}  # so that a leaked token can be recognised
SIMPLE_JWT = {
    # Derived from the secret key, but not the key that signs cookies.
    "SIGNING_KEY": hashlib.sha256(f"jwt {SECRET_KEY}".encode()).hexdigest(),
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=5),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=1),
}

# -- How much may be asked for over HTTP ------------------------------------------------------

HITL_WRITES_PER_MINUTE = number("HITL_WRITES_PER_MINUTE", 1200)
# For a list of APVs from users who may add them; `servers.body_sizes` has the limits of others. A
# list of 1,000 APVs with diffs of 30 KB fits; one diff may have up to 1 MiB.
HITL_MAX_BODY_BYTES = number("HITL_MAX_BODY_BYTES", 32 * 1024 * 1024, least=64 * 1024)
HITL_REQUEST_SECONDS = number("HITL_REQUEST_SECONDS", 60, least=1)
DATA_UPLOAD_MAX_MEMORY_SIZE = HITL_MAX_BODY_BYTES

# -- Requests to forges -----------------------------------------------------------------------

HITL_FORGE_SECONDS = number("HITL_FORGE_SECONDS", 15, least=1, most=600)
FORGE_USER_AGENT = f"HITL-Console/{__version__}"

# -- Pages, time, logs ------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_USE_FINDERS = True  # served from the apps, no collectstatic needed to start
warnings.filterwarnings("ignore", "No directory at: .*staticfiles")  # so it need not exist
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "hitl_project.assets.storage.JoinedFilesStorage"},
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("pt-br", "Português (Brasil)")]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_NAME = "hitl_language"
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
TIME_ZONE = "UTC"
USE_TZ = True

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
if LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
    raise ImproperlyConfigured(f"LOG_LEVEL must be debug, info, warning or error, not {LOG_LEVEL}")
LOG_FORMAT = env.str("LOG_FORMAT", default="").lower() or logs.default_format()
if LOG_FORMAT not in logs.FORMATS:
    raise ImproperlyConfigured(f"LOG_FORMAT must be json or console, not {LOG_FORMAT}")
LOGGING = logs.configuration(LOG_LEVEL, LOG_FORMAT)
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG  # one line per request, when it is done
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = logging.INFO
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False  # it would trust any X-Forwarded-For
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True

HITL_VARIABLES = frozenset(env.names)
"""The names of all variables that are read, for the one that is misspelled to be found."""
