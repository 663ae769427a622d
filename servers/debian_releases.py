"""The Debian packages of a server. Standard library only: `local.bootstrap` reads it first."""

SERVER_PACKAGES = (
    "caddy",
    "mariadb-client",
    "mariadb-server-core",
    "nodejs",
    "openssl",
    "php-apcu",
    "php8.2-cli",
    "php8.2-curl",
    "php8.2-fpm",
    "php8.2-gd",
    "php8.2-intl",
    "php8.2-mbstring",
    "php8.2-mysql",
    "php8.2-xml",
    "python3-venv",
    "zstd",
)
"""For a server on this machine, and for a machine of its own."""
