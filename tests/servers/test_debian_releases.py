"""What is known about a release of Debian, and which releases are allowed."""

import pytest

from servers.debian_releases import (
    BOOKWORM,
    RELEASES,
    TRIXIE,
    DebianRelease,
    UnsupportedRelease,
    described,
)

ALLOWED = r"allowed are Debian 12 \(bookworm\), Debian 13 \(trixie\)$"


@pytest.mark.parametrize(
    ("os_release", "release"),
    [
        ('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_CODENAME=bookworm\n', BOOKWORM),
        ('# a comment\n\nVERSION_CODENAME="trixie"\nDEBIAN_VERSION_FULL=13.8\n', TRIXIE),
    ],
)
def test_a_machine_s_own_file_says_which_release_it_has(
    os_release: str, release: DebianRelease
) -> None:
    assert described(os_release) is release


@pytest.mark.parametrize(
    ("os_release", "found"),
    [
        ('PRETTY_NAME="Ubuntu 24.04 LTS"\nVERSION_CODENAME=noble\n', "has 'Ubuntu 24.04 LTS'; "),
        ("PRETTY_NAME='Debian GNU/Linux forky/sid'\n", "has 'Debian GNU/Linux forky/sid'; "),
        ("", "has 'no name'; "),
    ],
)
def test_another_release_is_refused_with_what_is_allowed(os_release: str, found: str) -> None:
    with pytest.raises(UnsupportedRelease, match=f"^{found}{ALLOWED}"):
        described(os_release)


def test_php_s_packages_and_program_have_the_version_of_the_release() -> None:
    for release, version in zip(RELEASES, ("8.2", "8.4"), strict=True):
        assert release.php_fpm == f"php-fpm{version}"
        assert {f"php{version}-fpm", f"php{version}-mysql"} <= set(release.server_packages)
        others = {name for name in release.server_packages if "php8" in name}
        assert all(name.startswith(f"php{version}-") for name in others)
