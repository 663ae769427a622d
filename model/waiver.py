"""A finding of the scan for secrets that a site accepts, with the reason."""

from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import StringConstraints

from model.reading import Model

SecretKind = Literal[
    "AWS Access Key",
    "Artifactory Credentials",
    "Azure Storage Account access key",
    "Basic Auth Credentials",
    "Cloudant Credentials",
    "Discord Bot Token",
    "GitHub Token",
    "GitLab Token",
    "IBM COS HMAC Credentials",
    "IBM Cloud IAM Key",
    "JSON Web Token",
    "Mailchimp Access Key",
    "NPM tokens",
    "OpenAI Token",
    "Private Key",
    "Public IP (ipv4)",
    "PyPI Token",
    "Secret Keyword",
    "SendGrid API Key",
    "Slack Token",
    "SoftLayer Credentials",
    "Square OAuth Secret",
    "Stripe Access Key",
    "Telegram Bot Token",
    "Twilio API Key",
]
"""What the scan finds, as detect-secrets calls it; a `Secret Keyword` is a password."""


class Waiver(Model):
    """Accepts the findings of one kind in some files."""

    file: Annotated[str, StringConstraints(min_length=1)]
    """A path in the release, in which `*` stands for anything."""
    finding: SecretKind
    """The kind of secret that the scan names."""
    reason: Annotated[str, StringConstraints(min_length=1)]
    """Why it is no secret."""

    def accepts(self, file: str, kind: str) -> bool:
        return kind == self.finding and fnmatchcase(file, self.file)

    def __str__(self) -> str:
        return f"{self.finding} in {self.file}"
