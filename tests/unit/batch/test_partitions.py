import pytest

from clickstream_platform.partitions import hourly_partitions


def test_both_hours_are_included_and_spelled_as_everywhere():
    keys = hourly_partitions("2015-05-17-22", "2015-05-18-00").get_partition_keys()
    assert list(keys) == ["2015-05-17-22", "2015-05-17-23", "2015-05-18-00"]


def test_hours_before_the_first_have_no_partition():
    assert not hourly_partitions("2015-05-17-22", None).has_partition_key("2015-05-17-21")


def test_a_first_hour_that_is_none_is_refused():
    with pytest.raises(ValueError, match="is no hour"):
        hourly_partitions("2015-05-17", None)
