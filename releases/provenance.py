"""Provenance: what a release was made from, as a signed statement that every server verifies.

An in-toto Statement v1 with an SLSA Provenance v1 predicate in a DSSE envelope, signed with
Ed25519: https://slsa.dev/spec/v1.0/provenance, https://github.com/secure-systems-lab/dsse.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import (  # type: ignore[attr-defined]  # it has no __all__
    CryptoSigner,
    SSlibKey,
)

from model.reading import Model, Name
from model.release import Digest

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "https://slipway.example/build/v1"


class ProvenanceError(ValueError):
    """An envelope that the master did not sign, or that holds no provenance of ours."""


class Material(Model):
    """A repository that a release was made from."""

    repository: str
    release: str
    """The tag or the branch that was followed, `submodule`, or the short id of a pinned commit."""
    commit: str
    into: str = ""
    """Its path in the tree; empty for the upstream."""
    base: str = ""
    """Of a fork: the commit below our first one; it is not part of the release."""


class Patch(Model):
    """One patch of ours on top of the upstream."""

    name: str
    id: str
    """`git patch-id --stable`."""
    subject: str
    author: str


class Provenance(Model):
    """What one release was made from, and by which build."""

    component: Name
    digest: Digest
    materials: tuple[Material, ...]
    """The upstream first, then forks, submodules and overlays in the order of the build."""
    patches: tuple[Patch, ...]
    build: str
    """The build's address in the Buildbot UI."""
    worker: str
    finished: datetime

    @property
    def upstream(self) -> Material:
        return self.materials[0]

    def statement(self) -> dict[str, Any]:
        """The in-toto statement."""
        return {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": self.component, "digest": {"sha256": self.digest}}],
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "buildDefinition": {
                    "buildType": BUILD_TYPE,
                    "externalParameters": {
                        "component": self.component,
                        "patches": [patch.model_dump() for patch in self.patches],
                        "sources": [source.model_dump() for source in self.materials],
                    },
                    "resolvedDependencies": [
                        {"uri": f"git+{source.repository}", "digest": {"gitCommit": source.commit}}
                        for source in self.materials
                    ],
                },
                "runDetails": {
                    "builder": {"id": self.worker},
                    "metadata": {
                        "invocationId": self.build,
                        "finishedOn": self.finished.isoformat(),
                    },
                },
            },
        }

    @classmethod
    def of(cls, statement: Mapping[str, Any]) -> "Provenance":
        """Read a statement back; raises ProvenanceError when it is not ours."""
        try:
            definition = statement["predicate"]["buildDefinition"]
            run = statement["predicate"]["runDetails"]
            parameters = definition["externalParameters"]
            return cls(
                component=parameters["component"],
                digest=statement["subject"][0]["digest"]["sha256"],
                materials=parameters["sources"],
                patches=parameters["patches"],
                build=run["metadata"]["invocationId"],
                worker=run["builder"]["id"],
                finished=run["metadata"]["finishedOn"],
            )
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise ProvenanceError(f"not a statement of Slipway's: {error!r}") from None


def sign(provenance: Provenance, private_key: str) -> bytes:
    """The signed envelope, as JSON; `private_key` is an Ed25519 key in PEM."""
    payload = json.dumps(provenance.statement(), sort_keys=True).encode()
    envelope = Envelope(payload, PAYLOAD_TYPE, {})
    envelope.sign(CryptoSigner(load_pem_private_key(private_key.encode(), None)))
    return json.dumps(envelope.to_dict(), sort_keys=True).encode()


def verify(envelope: bytes, public_key: str) -> Provenance:
    """The provenance in an envelope that the key's owner signed, else a ProvenanceError."""
    key = SSlibKey.from_crypto(load_pem_public_key(public_key.encode()))
    try:
        signed = Envelope.from_dict(json.loads(envelope))
        signed.verify([key], threshold=1)
        statement = json.loads(signed.payload)
    except (VerificationError, KeyError, TypeError, ValueError) as error:
        raise ProvenanceError(f"the signature does not hold: {error}") from None
    if signed.payload_type != PAYLOAD_TYPE or statement.get("_type") != STATEMENT_TYPE:
        raise ProvenanceError(f"signed, but not an in-toto statement: {signed.payload_type}")
    return Provenance.of(statement)


def read_unverified(envelope: bytes) -> Provenance:
    """The provenance in an envelope of our own store, to display; servers use `verify`."""
    return Provenance.of(json.loads(Envelope.from_dict(json.loads(envelope)).payload))


def generate_key() -> tuple[str, str]:
    """A new signing key and its public half, both in PEM."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()
