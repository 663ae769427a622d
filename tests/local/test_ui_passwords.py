"""The passwords of the UI: hashed for the master, kept in clear text for the operator alone."""

from pathlib import Path

import pytest
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from local import secrets, ui_passwords
from local.layout import Layout
from local.ui_passwords import UI_PASSWORDS
from model.site import Site


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


def stored(layout: Layout) -> dict[str, str]:
    return ui_passwords.read_lines(layout.secrets / UI_PASSWORDS)


def test_the_operator_finds_the_password_and_the_master_only_its_hash(
    demo: Site, layout: Layout
) -> None:
    secrets.create(demo, layout)
    (user,) = demo.releasers
    password = ui_passwords.passwords(layout)[user]
    assert layout.ui_passwords.stat().st_mode & 0o777 == 0o600
    Argon2id.verify_phc_encoded(password.encode(), stored(layout)[user])
    with pytest.raises(InvalidKey):
        Argon2id.verify_phc_encoded(b"another", stored(layout)[user])
    read_by_the_master = "".join(path.read_text() for path in layout.secrets.iterdir())
    assert password not in read_by_the_master


def test_clear_text_of_an_earlier_version_becomes_a_hash_and_the_user_keeps_the_password(
    demo: Site, layout: Layout
) -> None:
    secrets.create(demo, layout)
    file = layout.secrets / UI_PASSWORDS
    file.write_text(f"{demo.releasers[0]}:from: before\nvisitor:anybody\n")
    secrets.create(demo, layout)
    assert "from: before" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    Argon2id.verify_phc_encoded(b"from: before", stored(layout)[demo.releasers[0]])
    Argon2id.verify_phc_encoded(b"anybody", stored(layout)["visitor"])
    kept = ui_passwords.passwords(layout)
    assert kept == {demo.releasers[0]: "from: before", "visitor": "anybody"}


def test_a_releaser_who_comes_later_gets_a_password_and_the_others_keep_theirs(
    demo: Site, layout: Layout
) -> None:
    secrets.create(demo, layout)
    before, kept = stored(layout), ui_passwords.passwords(layout)
    secrets.create(demo.model_copy(update={"releasers": (*demo.releasers, "late")}), layout)
    late = ui_passwords.passwords(layout).pop("late")
    assert ui_passwords.passwords(layout) == kept | {"late": late}
    assert late not in kept.values()
    after = stored(layout)
    Argon2id.verify_phc_encoded(late.encode(), after.pop("late"))
    assert after == before


def test_a_deleted_line_gets_a_new_password_and_the_old_one_is_gone(
    demo: Site, layout: Layout
) -> None:
    secrets.create(demo, layout)
    (user,) = demo.releasers
    old = ui_passwords.passwords(layout)[user]
    (layout.secrets / UI_PASSWORDS).write_text("")
    secrets.create(demo, layout)
    new = ui_passwords.passwords(layout)[user]
    assert new != old
    Argon2id.verify_phc_encoded(new.encode(), stored(layout)[user])


def test_a_password_that_the_operator_deleted_does_not_come_back(
    demo: Site, layout: Layout
) -> None:
    secrets.create(demo, layout)
    layout.ui_passwords.unlink()
    before = stored(layout)
    secrets.create(demo, layout)
    assert not layout.ui_passwords.exists()
    assert stored(layout) == before
