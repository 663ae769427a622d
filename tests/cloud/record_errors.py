"""What a real OpenStack answers when something is wrong, recorded for the fast tests.

`python -m tests.cloud.record_errors` asks the cloud that runs and writes `tests/cloud/errors.json`.
"""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from openstack.connection import Connection
from openstack.exceptions import HttpException, SDKException

from tests.cloud.fixture import BARE, Cloud
from tests.cloud.layout import KEPT, Layout

FILE = Path(__file__).with_name("errors.json")
NOTHING = "00000000-0000-0000-0000-000000000000"


def ask(**wrong: Any) -> Callable[[Connection], Any]:
    """Ask for a machine of which one thing is not as it should be."""

    def asked(sandbox: Connection) -> Any:
        right = {
            "name": "never",
            "image_id": sandbox.image.find_image(BARE).id,
            "flavor_id": sandbox.compute.find_flavor("small").id,
            "networks": [{"uuid": sandbox.network.find_network("internal").id}],
        }
        return sandbox.compute.create_server(**(right | wrong))

    return asked


def wrongs(cloud: Cloud) -> dict[str, Callable[[Connection], Any]]:
    """What is wrong, and how to ask for it."""

    def full(sandbox: Connection) -> Any:
        cloud.quota("sandbox", instances=0)
        try:
            return ask()(sandbox)
        finally:
            cloud.quota("sandbox", instances=8)

    return {
        "quota": full,
        "image": ask(image_id=NOTHING),
        "flavor": ask(flavor_id=NOTHING),
        "network": ask(networks=[{"uuid": NOTHING}]),
        "security_groups": ask(security_groups=[{"name": "none"}]),
        "key": ask(key_name="none"),
        "zones": ask(availability_zone="none"),
        "user_data": ask(user_data=base64.b64encode(b"x" * 70_000).decode()),
        "credentials": lambda _: stranger(cloud.layout.url("keystone")).authorize(),
        "unreachable": lambda _: stranger("http://127.0.0.1:9").authorize(),
        "policy": lambda sandbox: list(sandbox.compute.services()),
    }


def stranger(keystone: str) -> Connection:
    """Somebody whose credentials are nobody's."""
    return Connection(
        auth_type="v3applicationcredential",
        auth={
            "auth_url": f"{keystone}/v3",
            "application_credential_id": NOTHING,
            "application_credential_secret": "wrong",
        },
        region_name="RegionOne",
    )


def failed(call: Callable[[Connection], Any], connection: Connection) -> SDKException:
    """What openstacksdk raises for a call that is wrong."""
    try:
        answer = call(connection)
    except SDKException as error:
        return error
    raise AssertionError(f"accepted: {answer}")


def recorded(error: SDKException) -> dict[str, Any]:
    """An answer as JSON takes it."""
    if not isinstance(error, HttpException) or error.response is None:
        return {"said": str(error)}
    response = error.response
    kept = ("content-type", "retry-after")
    return {
        "status": response.status_code,
        "headers": {k: v for k, v in response.headers.items() if k.lower() in kept},
        "body": response.text,
    }


def main() -> None:
    cloud = Cloud(Layout(KEPT / "run"))
    sandbox = cloud.connect("sandbox")
    answers = {name: recorded(failed(wrong, sandbox)) for name, wrong in wrongs(cloud).items()}
    FILE.write_text(json.dumps(answers, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
