"""Values that the tests of this folder share."""

from datetime import UTC, datetime

from releases.provenance import Material, Provenance


def provenance() -> Provenance:
    return Provenance(
        component="blog",
        digest="0" * 64,
        materials=(Material(repository="https://x/y", release="1", commit="a" * 40),),
        patches=(),
        build="http://localhost/",
        worker="build-1",
        finished=datetime(2026, 1, 1, tzinfo=UTC),
    )
