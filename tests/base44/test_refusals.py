"""What the service says when it won't or can't becomes a sentence that names the operation, and what to do."""

from __future__ import annotations

import httpx
import pytest
from tests.support.base44 import APP_ID, Wire, a_client, ok

from connectord.base44 import Base44Error, Busy, Forbidden, NotFound, Refused, Retry, SignedOut

ONCE = Retry(attempts=1)


async def refused(reply: httpx.Response) -> Base44Error:
    reply.headers.setdefault("X-Request-ID", "req-1")
    with pytest.raises(Base44Error) as caught:
        await a_client(Wire([reply]), retry=ONCE).app(APP_ID).set_connector("slack", [])
    return caught.value


SENTENCES: dict[str, tuple[httpx.Response, type[Base44Error], str]] = {
    "message": (ok({"message": 'Invalid scope "foo"', "detail": "no"}, 400), Refused, 'Invalid scope "foo"'),
    "detail": (ok({"detail": "Not yours."}, 403), Forbidden, "Not yours"),
    "empty message": (ok({"message": "", "detail": "b"}, 400), Refused, "b"),
    "detail that is a list": (ok({"detail": [{"msg": "é"}]}, 422), Refused, '[{"msg": "é"}]'),
    "neither": (ok({"reason": "x"}, 400), Refused, '{"reason":"x"}'),
    "text": (httpx.Response(400, text="bad\n\tthing\x1b[31m"), Refused, "bad thing [31m"),
    "JSON text": (ok("bad thing", 400), Refused, '"bad thing"'),
    "nothing": (httpx.Response(400), Refused, "Bad Request"),
    "an unknown status": (httpx.Response(499), Refused, "no reason given"),
    "a page": (
        httpx.Response(403, html="<html><title>Blocked &amp; so</title>"),
        Forbidden,
        'a web page ("Blocked & so")',
    ),
    "a page without a title": (httpx.Response(404, html="<p>no"), NotFound, "a web page"),
    "unreadable": (httpx.Response(400, content=b"\xff\xfe"), Refused, "\ufffd\ufffd"),
    "404": (ok({"detail": "App not found"}, 404), NotFound, "App not found"),
    "KeyError": (ok({"message": "slack", "error_type": "KeyError"}, 500), NotFound, "slack"),
    "401": (ok({"detail": "Unauthorized"}, 401), SignedOut, "Unauthorized"),
    "409": (ok({"message": "in use"}, 409), Refused, "in use"),
    "413": (ok({"message": "too long"}, 413), Refused, "too long"),
}


@pytest.mark.parametrize("name", SENTENCES)
async def test_a_refusal_says_who_refused_what_and_why(name: str) -> None:
    reply, kind, text = SENTENCES[name]
    error = await refused(reply)
    assert type(error) is kind
    assert error.what == f"Base44 refused to set slack: {text} ({reply.status_code}, request req-1)"
    assert not error.transient
    assert error.todo


@pytest.mark.parametrize("status", [408, 429, 500, 501, 502, 503, 504, 599])
async def test_a_service_that_cannot_just_now_is_busy_and_transient(status: int) -> None:
    error = await refused(ok({"message": "Overloaded"}, status, retry_after="7"))
    assert type(error) is Busy
    assert error.what == f"Base44 can't set slack: Overloaded ({status}, request req-1); it asks to wait 7 s"
    assert (error.transient, error.retry_after, error.status) == (True, 7.0, status)


async def test_413_with_a_retry_after_is_busy() -> None:
    assert type(await refused(ok({}, 413, retry_after="7"))) is Busy


async def test_the_services_own_text_is_cut_to_300_characters() -> None:
    error = await refused(httpx.Response(400, text="x" * 5000))
    assert "x" * 299 + "…" in error.what
    assert "x" * 300 not in error.what


async def test_the_single_faults_are_details() -> None:
    faults = [{"name": "scopes.0", "message": "unknown"}, {"name": "scopes.1", "message": "too\nlong"}]
    error = await refused(ok({"message": "Invalid", "extra_data": {"errors": faults}}, 422))
    assert error.details == ("scopes.0: unknown", "scopes.1: too long")


@pytest.mark.parametrize("extra", [None, [], "x", {"errors": None}, {"errors": {}}, {"errors": [1]}, {"reason": "x"}])
async def test_faults_of_another_shape_are_no_details_and_no_crash(extra: object) -> None:
    error = await refused(ok({"message": "Invalid", "extra_data": extra}, 422))
    assert (error.details, "Invalid" in error.what) == ((), True)


TODO = {404: "app id in .app.jsonc", 403: "connectord whoami", 401: "BASE44_API_KEY", 400: "req-1", 503: "Try again"}


@pytest.mark.parametrize("status", TODO)
async def test_each_refusal_says_what_to_do(status: int) -> None:
    assert TODO[status] in (await refused(httpx.Response(status))).todo[0]


async def test_the_error_carries_what_support_needs() -> None:
    error = await refused(ok({"message": "no"}, 400))
    url = "https://base44.test/api/apps/app1/external-auth/integrations/slack"
    assert (error.operation, error.url, error.status, error.request_id) == ("set slack", url, 400, "req-1")


async def test_a_request_id_that_is_no_id_does_not_reach_the_terminal() -> None:
    error = await refused(httpx.Response(400, headers={"X-Request-ID": "a\x1b[2Jb" + "c" * 500}))
    assert error.request_id is not None
    assert error.request_id.startswith("a [2Jbccc")
    assert len(error.request_id) == 100
