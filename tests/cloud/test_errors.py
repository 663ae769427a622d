"""What recorded answers of a real OpenStack mean for somebody who wants a machine."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from openstack.exceptions import HttpException, SDKException, raise_from_response
from requests import Response

from cloud.errors import (
    CloudError,
    ConfigurationError,
    InstanceFailed,
    QuotaExceeded,
    TransientError,
    classify,
    classify_fault,
)
from model.openstack import Lane
from workers.backoff import backoff

ANSWERS: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("errors.json").read_text())


def replayed(answer: dict[str, Any]) -> SDKException:
    """The exception that openstacksdk makes of an answer."""
    if "said" in answer:
        return SDKException(answer["said"])
    response = Response()
    response.status_code = answer["status"]
    response.headers.update(answer["headers"])
    response._content = answer["body"].encode()
    response.url = "http://127.0.0.1/"
    with pytest.raises(HttpException) as raised:
        raise_from_response(response)
    return raised.value


@pytest.mark.parametrize("key", ["flavor", "image", "key", "network", "security_groups", "zones"])
def test_a_refused_request_names_the_key_that_is_wrong(key: str) -> None:
    error = classify(replayed(ANSWERS[key]))
    assert isinstance(error, ConfigurationError)
    assert error.key == key


@pytest.mark.parametrize("name", ["credentials", "policy"])
def test_credentials_are_the_clouds(name: str) -> None:
    error = classify(replayed(ANSWERS[name]))
    assert isinstance(error, ConfigurationError)
    assert error.located("staging.toml", "openstack.build", Lane.model_fields).startswith(
        "staging.toml: key 'openstack.cloud': "
    )


def test_a_used_up_quota_is_no_lack_of_rights() -> None:
    assert ANSWERS["quota"]["status"] == ANSWERS["policy"]["status"] == 403
    assert isinstance(classify(replayed(ANSWERS["quota"])), QuotaExceeded)


def test_a_cloud_that_does_not_answer_may_do_so_later() -> None:
    error = classify(replayed(ANSWERS["unreachable"]))
    assert isinstance(error, TransientError)
    assert error.cause == "no answer"


def busy(status: int, wait: str | None = None) -> CloudError:
    headers = {"content-type": "text/plain"} | ({"Retry-After": wait} if wait else {})
    return classify(replayed({"status": status, "headers": headers, "body": "busy"}))


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_service_that_is_out_of_order_is_waited_for(status: int) -> None:
    error = busy(status)
    assert isinstance(error, TransientError)
    assert (error.cause, error.pause) == (f"HTTP {status}", None)


def test_retry_after_is_seconds_or_a_date() -> None:
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert busy(429, "7").pause == 7
    assert 50 < busy(503, in_a_minute).pause <= 60
    assert busy(503, "soon").pause is None


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("No valid host was found. There are not enough hosts available.", TransientError),
        (
            "Quota exceeded for instances: Requested 1, but already used 4 of 4 instances",
            QuotaExceeded,
        ),
        ("Build of instance 1 aborted: asked for by its metadata", InstanceFailed),
    ],
)
def test_a_machine_in_error_is_waited_for_or_replaced(fault: str, kind: type[CloudError]) -> None:
    assert type(classify_fault(fault)) is kind


def test_pauses_grow_and_differ_for_two_who_began_together() -> None:
    one, other = (list(islice(backoff(first=1, longest=8), 6)) for _ in range(2))
    assert one != other
    assert all(
        low <= pause <= 2 * low for pause, low in zip(one, (0.5, 1, 2, 4, 4, 4), strict=True)
    )
