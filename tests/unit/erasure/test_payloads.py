"""Records that could not be accepted name people in every way there is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream_platform.core.erasure import Given, Links, Person, digest_of
from infra.erasure.payloads import Mentions

SALT = "5a17"
IDS = Given(("anna@example.org", "4711"), ("d-anna",))
PERSON = Person.of(IDS, SALT).joined(Links(sessions=frozenset({digest_of("s-anna", SALT)})))


@pytest.fixture
def mentions() -> Mentions:
    return Mentions(PERSON, IDS.ids)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"user_id": "anna@example.org"}',
        b'[{"events": [{"who": {"is": ["anna@example.org"]}}]}]',
        b'{"user_id": 4711}',  # refused because it is a number
        b'{"anna@example.org": 1}',
        b'{"properties": "{\\"user\\": {\\"id\\": 4711}}"}',  # JSON within JSON
        b'{"session_id": "s-anna"}',
        b'{"redriven": {}, "event": {"anonymous_id": "d-anna"}}',
        b'"anna@example.org"',
        b"\xff\x00anna@example.org\xff",
        b"user=4711&page=/",
        b'{"user_id": "anna@example.org"',  # cut off
        b"sid=s-anna;",
        b'{"session_id": "s-anna", "x": \xff}',
    ],
)
def test_a_payload_names_the_person(mentions: Mentions, payload: bytes) -> None:
    assert mentions.are_in(payload)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b'{"user_id": "anna@example.or"}',
        b'{"user_id": "xanna@example.orgx"}',
        b'{"time_spent": 4711}',  # a number that is nobody
        b'{"is_anna": true, "user_id": null}',
        b'{"user_id": 47110}',
        b"user=47110&page=/",
        b"\xffanna@example.organisation",
        b'{"session_id": "s-anna-2"}',
    ],
)
def test_a_payload_does_not(mentions: Mentions, payload: bytes) -> None:
    assert not mentions.are_in(payload)


def test_depth_is_no_hiding_place_and_no_way_to_stop_an_erasure(mentions: Mentions) -> None:
    nested = b'{"a":' * 200 + b'"s-anna"' + b"}" * 200
    assert mentions.are_in(nested)
    too_deep = b"[" * 100_000 + b'"s-anna"'
    assert mentions.are_in(too_deep)
    text = "s-anna"
    for _ in range(12):
        text = json.dumps([text])
    assert mentions.are_in(text.encode())


@given(st.binary(max_size=200))
def test_any_bytes_get_an_answer(payload: bytes) -> None:
    assert Mentions(PERSON, IDS.ids).are_in(payload) in {True, False}


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)


@given(_json, st.sampled_from(["anna@example.org", "d-anna", "s-anna"]))
def test_an_id_is_found_wherever_it_stands(value: object, identifier: str) -> None:
    payload = json.dumps({"x": value, "y": [value, {"z": identifier}]}).encode()
    assert Mentions(PERSON, IDS.ids).are_in(payload)
