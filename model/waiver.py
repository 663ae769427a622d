"""A finding of the scan for secrets that a site accepts, with the reason."""

from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

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
    """Accepts the findings of one kind in some files, or one of them."""

    file: Annotated[str, StringConstraints(min_length=1)]
    """A path in the release, in which `*` stands for anything."""
    finding: SecretKind
    """The kind of secret that the scan names."""
    line: Annotated[int, Field(ge=1)] | None = None
    """The line of the only finding that is accepted; absent: all of this kind in the files."""
    reason: Annotated[str, StringConstraints(min_length=1)]
    """Why it is no secret."""

    def accepts(self, file: str, line: int, kind: str) -> bool:
        in_place = self.line in (None, line) and fnmatchcase(file, self.file)
        return in_place and kind == self.finding

    def __str__(self) -> str:
        place = f", line {self.line}" if self.line else ""
        return f"{self.finding} in {self.file}{place}"
