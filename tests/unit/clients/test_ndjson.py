import io

from infra.clients.lines import ClientEvent, UnreadableLine
from infra.clients.ndjson import read_ndjson


def read(data: bytes) -> tuple[list[ClientEvent], list[UnreadableLine]]:
    unreadable: list[UnreadableLine] = []
    return list(read_ndjson(io.BytesIO(data), unreadable.append)), unreadable


def test_events_keep_their_fields_and_line_numbers():
    events, unreadable = read(b'\n{"event_id": "a", "session_id": "s", "price": 1.5}\n')
    assert events == [({"event_id": "a", "session_id": "s", "price": 1.5}, 2)]
    assert unreadable == []


def test_ids_that_are_missing_are_the_same_on_a_second_reading():
    data = b'{"a": 1}\n{"a": 1}\n{"event_id": null, "a": 1}\n'
    events, _ = read(data)
    ids = [event.event["event_id"] for event in events]
    assert len(set(ids)) == 3
    assert read(data)[0] == events
    assert read(data.rstrip())[0] == events


def test_lines_that_are_no_objects_are_reported_and_the_rest_is_read():
    nested = b"[" * 100_000
    lines = [b'{"a":', b"[1]", b"null", b"\xff", b"{} {}", nested, b'{"a": "\xff"}', b"{}"]
    events, unreadable = read(b"\n".join(lines))
    assert [event.line for event in events] == [8]
    assert [bad[:2] for bad in unreadable] == [
        (1, "invalid_json"),
        (2, "not_an_object"),
        (3, "not_an_object"),
        (4, "invalid_json"),
        (5, "invalid_json"),
        (6, "invalid_json"),
        (7, "invalid_json"),
    ]


def test_a_byte_order_mark_does_not_cost_the_first_event():
    events, unreadable = read(b"\xef\xbb\xbf{}\n{}")
    assert (len(events), unreadable) == (2, [])


def test_a_file_that_does_not_end_its_one_line_is_not_held_in_memory():
    events, unreadable = read(b'{"a": "' + b"x" * 3_000_000)
    assert (events, [bad.reason for bad in unreadable]) == ([], ["too_long"])
