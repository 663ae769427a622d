"""The kinds of forges whose webhooks are accepted."""

FORGES = ("github", "gitlab", "gitea")
"""`gitea` is Forgejo's and Gogs' too."""


def webhook_secret(forge: str) -> str:
    """The name of the secret that a forge's webhooks are signed with, or contain."""
    return f"webhook-{forge}"
