"""Provenance is signed by the master and says what a release was made from."""

import base64
import json
from datetime import UTC, datetime

import pytest

from releases.provenance import (
    Material,
    Patch,
    Provenance,
    ProvenanceError,
    generate_key,
    sign,
    verify,
)

PRIVATE, PUBLIC = generate_key()
MADE = Provenance(
    component="blog",
    digest="a" * 64,
    materials=(
        Material(repository="https://example.org/up.git", release="6.1.9", commit="1" * 40),
        Material(repository="https://example.org/t.git", release="main", commit="2" * 40, into="t"),
    ),
    patches=(Patch(name="1.patch", id="3" * 40, subject="Füge hinzu", author="Ana <a@b>"),),
    build="http://localhost:8010/#/builders/1/builds/7",
    worker="build-1",
    finished=datetime(2026, 11, 22, tzinfo=UTC),
)


def test_what_was_signed_is_what_is_verified() -> None:
    assert verify(sign(MADE, PRIVATE), PUBLIC) == MADE


def test_the_statement_has_the_standard_form() -> None:
    statement = json.loads(base64.b64decode(json.loads(sign(MADE, PRIVATE))["payload"]))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    assert statement["subject"] == [{"name": "blog", "digest": {"sha256": "a" * 64}}]
    dependencies = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert dependencies[0] == {
        "uri": "git+https://example.org/up.git",
        "digest": {"gitCommit": "1" * 40},
    }


def changed(envelope: bytes) -> bytes:
    document = json.loads(envelope)
    payload = base64.b64decode(document["payload"]).replace(b"6.1.9", b"6.6.6")
    return json.dumps(document | {"payload": base64.b64encode(payload).decode()}).encode()


ENVELOPE = sign(MADE, PRIVATE)
FORGED = {
    "another key": sign(MADE, generate_key()[0]),
    "another payload": changed(ENVELOPE),
    "no signature": json.dumps(json.loads(ENVELOPE) | {"signatures": []}).encode(),
    "not JSON": b"<html>",
    "not an envelope": b"{}",
}


@pytest.mark.parametrize("envelope", FORGED.values(), ids=FORGED.keys())
def test_a_forged_envelope_is_untrusted(envelope: bytes) -> None:
    with pytest.raises(ProvenanceError):
        verify(envelope, PUBLIC)
