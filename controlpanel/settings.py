"""Settings, all from the environment; docs/operations.md has the table of variables.

The names that another part may use: PANEL_DATA_DIR, PANEL_PUBLIC_URL, PORT, REDIS_URL, FIELD_ENCRYPTION_KEYS,
and those of Django and Celery.
"""

import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from csp.constants import NONE, SELF

from . import data_dir
from .databases import database
from .environment import Environment, refuse
from .logs import FORMS, logging_config
from .mail import mail_settings

BASE_DIR = Path(__file__).resolve().parent.parent
_env = Environment(os.environ)

# Where things are
PANEL_DATA_DIR = data_dir.prepare(Path(_env.text("PANEL_DATA_DIR", str(BASE_DIR / "var"))).expanduser())
PORT = _env.port("PORT", 8000)
PANEL_PUBLIC_URL = _env.url("PANEL_PUBLIC_URL", f"http://127.0.0.1:{PORT}", schemes=("http", "https")).rstrip(
    "/"
)
# Where the playground's generator asks: this panel's own gateway
# The most that a page or a REST call takes; the files of a question have room of their own.
PANEL_MAX_BODY_MIB = _env.whole("PANEL_MAX_BODY_MIB", 10, most=1024)
PANEL_GATEWAY_URL = _env.url(
    "PANEL_GATEWAY_URL", f"http://127.0.0.1:{PORT}/v1", schemes=("http", "https")
).rstrip("/")
_public = urlsplit(PANEL_PUBLIC_URL)
_https = _public.scheme == "https"

# Secrets
DEBUG = _env.flag("DEBUG")
SECRET_KEY = _env.text("SECRET_KEY") or data_dir.secret_key(PANEL_DATA_DIR)
if len(SECRET_KEY) < 32:
    raise refuse(
        "SECRET_KEY", "is too short", "Use at least 50 random characters, or unset it to have one made."
    )
FIELD_ENCRYPTION_KEYS = data_dir.check_fernet_keys(
    _env.items("FIELD_ENCRYPTION_KEYS") or data_dir.field_encryption_keys(PANEL_DATA_DIR)
)

# Who may ask
ALLOWED_HOSTS = _env.items("ALLOWED_HOSTS") or ["127.0.0.1", "localhost", "[::1]", str(_public.hostname)]
CSRF_TRUSTED_ORIGINS = _env.items("CSRF_TRUSTED_ORIGINS") or [f"{_public.scheme}://{_public.netloc}"]
for _origin in CSRF_TRUSTED_ORIGINS:
    if not _origin.startswith(("http://", "https://")):
        raise refuse(
            "CSRF_TRUSTED_ORIGINS", "has an entry without scheme", "Write https://panel.example.org."
        )
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = _https
SESSION_COOKIE_NAME = "pilotlight_session"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # a load balancer asks by plain HTTP
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _https
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # its app config, less its replacing of the admin site
    "controlpanel.admin_config.PanelAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_htmx",
    "django_structlog",
    "ninja",
    "controlpanel",
    "deployments",
    "gateway",
    "chat",
]

MIDDLEWARE = [
    "controlpanel.request_ids.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "controlpanel.static_files.StaticFilesMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "controlpanel.middleware.ActorMiddleware",
    "controlpanel.middleware.TimeZoneMiddleware",
    "controlpanel.middleware.AdminPolicyMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "controlpanel.urls"
ASGI_APPLICATION = "controlpanel.asgi.application"

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
                "csp.context_processors.nonce",
                "deployments.pages.context.panel",
            ],
        },
    },
]

# Rows
DATABASES = {"default": database(_env, PANEL_DATA_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# People
AUTH_USER_MODEL = "controlpanel.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "controlpanel.backends.RoleBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_LOCKOUT_CALLABLE = "controlpanel.people.sign_in.locked_out"

UNFOLD = {"SITE_TITLE": "Pilotlight", "SITE_HEADER": "Pilotlight", "SITE_URL": "/"}

# Static files: found where they lie, so that nothing has to be collected first
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True

# Nothing inline, nothing from elsewhere
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# Times are kept in UTC; a person's own zone is applied for showing
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = False

# Mail
EMAIL_URL = _env.url(
    "EMAIL_URL", "consolemail:///console", schemes=("smtp", "smtp+tls", "smtp+ssl", "consolemail")
)
globals().update(mail_settings(EMAIL_URL))
# Slack and webhooks go to the open internet only, unless a receiver in the panel's own net is meant.
NOTIFY_PRIVATE_ADDRESSES = _env.flag("NOTIFY_PRIVATE_ADDRESSES")

# Logging
LOG_FORMAT = _env.text("LOG_FORMAT", "logfmt")
if LOG_FORMAT not in FORMS:
    raise refuse("LOG_FORMAT", "is no known format", "Use logfmt or json.")
LOGGING = logging_config(debug=DEBUG, form=LOG_FORMAT)
DJANGO_STRUCTLOG_COMMAND_LOGGING_ENABLED = False

# Broker. REDIS_URL is in the form of redis-py; Celery names a socket differently.
PANEL_SOCKET = data_dir.socket_path(PANEL_DATA_DIR)
PANEL_EMBEDDED_BROKER = not _env.text("REDIS_URL")
REDIS_URL = _env.url("REDIS_URL", f"unix://{quote(str(PANEL_SOCKET))}", schemes=("redis", "rediss", "unix"))
CELERY_BROKER_URL = (
    f"redis+socket://{quote(unquote(urlsplit(REDIS_URL).path))}"
    if REDIS_URL.startswith("unix:")
    else REDIS_URL
)

# Modal, as the first account uses it; read from the environment alone
MODAL_TOKEN_ID = _env.text("MODAL_TOKEN_ID")
MODAL_TOKEN_SECRET = _env.text("MODAL_TOKEN_SECRET")
MODAL_ENVIRONMENT = _env.text("MODAL_ENVIRONMENT", "main")
# Prometheus reads /metrics with this token; without one there is no such address.
PROMETHEUS_TOKEN = _env.text("PROMETHEUS_TOKEN")
if 0 < len(PROMETHEUS_TOKEN) < 20:
    raise refuse("PROMETHEUS_TOKEN", "is too short", "Use at least 20 random characters, or unset it.")
DEADMAN_URL = _env.url("DEADMAN_URL", schemes=("https", "http"))
MODAL_SERVER_URL = _env.url("MODAL_SERVER_URL", schemes=("http", "https"))
if bool(MODAL_TOKEN_ID) != bool(MODAL_TOKEN_SECRET):
    _missing = "MODAL_TOKEN_SECRET" if MODAL_TOKEN_ID else "MODAL_TOKEN_ID"
    raise refuse(_missing, "is missing", "Set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET both, or neither.")
if MODAL_SERVER_URL and not MODAL_TOKEN_ID:
    raise refuse(
        "MODAL_TOKEN_ID", "is missing while MODAL_SERVER_URL is set", "Set the token of that server too."
    )

# How long after a person's Sleep keys light nothing again (docs/adr/0011)
QUIET_AFTER_SLEEP_S = _env.seconds("QUIET_AFTER_SLEEP_S", 300)

# How long log lines are kept, and how many of one deployment (docs/operations.md)
LOG_KEEP_DAYS = _env.whole("LOG_KEEP_DAYS", 30, most=3650)
LOG_KEEP_FAILED_DAYS = _env.whole("LOG_KEEP_FAILED_DAYS", 90, most=3650)
LOG_KEEP_LINES = _env.whole("LOG_KEEP_LINES", 500_000, most=100_000_000)

# The stand-in cloud
SANDBOX_SPEED = _env.speed("SANDBOX_SPEED", "20")
SANDBOX_VLLM = _env.text("SANDBOX_VLLM", "standin")
if SANDBOX_VLLM != "standin" and not os.access(SANDBOX_VLLM, os.X_OK):
    raise refuse(
        "SANDBOX_VLLM", "is no program that can be run", "Set it to standin, or to the path of vllm."
    )
PANEL_ADMIN_PASSWORD = _env.text("PANEL_ADMIN_PASSWORD")
