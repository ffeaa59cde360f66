"""What checkov finds is held against what was acknowledged, both ways."""

from pathlib import Path

import pytest

from infra.terraform.acknowledgements import ACKNOWLEDGEMENTS, Acknowledgement
from infra.terraform.scanning import Finding, ScanError, faults, scan

TRACED = Finding("CKV_1", "is traced", "aws_lambda_function.collector")
KNOWN = Acknowledgement("CKV_1", "aws_lambda_function.*", "A trace would end at the stream.")


def test_what_was_acknowledged_is_no_fault() -> None:
    assert faults([TRACED], [KNOWN]) == []


def test_what_nobody_acknowledged_is_told() -> None:
    elsewhere = TRACED._replace(resource="aws_sqs_queue.raw_objects")
    other = TRACED._replace(check="CKV_2")
    assert faults([TRACED, elsewhere, other], [KNOWN]) == [
        "aws_sqs_queue.raw_objects: CKV_1 is traced",
        "aws_lambda_function.collector: CKV_2 is traced",
    ]


def test_what_was_acknowledged_for_nothing_is_told() -> None:
    """It would hide what comes to need it later."""
    assert faults([], [KNOWN]) == ["CKV_1 is acknowledged on aws_lambda_function.* for nothing"]


def test_each_is_acknowledged_once_with_a_reason() -> None:
    assert len({(one.check, one.where) for one in ACKNOWLEDGEMENTS}) == len(ACKNOWLEDGEMENTS)
    assert all(len(one.reason) > 30 for one in ACKNOWLEDGEMENTS)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo no report", "gave no report"),
        ("""echo '{"summary": {"parsing_errors": 1, "passed": 3}}'""", "could not read"),
        ("""echo '{"passed": 0, "failed": 0}'""", "gave no report"),
    ],
)
def test_a_scan_that_saw_nothing_is_an_error(tmp_path: Path, script: str, said: str) -> None:
    """It ends well when it could parse nothing: that must not pass for no findings."""
    checkov = tmp_path / "checkov"
    checkov.write_text(f"#!/bin/sh\n{script}\n")
    checkov.chmod(0o755)
    with pytest.raises(ScanError, match=said):
        scan(str(checkov), {})


def test_checkov_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="cannot be run"):
        scan(str(tmp_path / "checkov"), {})
