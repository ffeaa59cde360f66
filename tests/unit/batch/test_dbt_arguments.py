from clickstream_platform.core.dbt_arguments import build_arguments, parse_arguments
from clickstream_platform.core.hours import HourRange

BUILD = ["build", "--exclude-resource-type", "unit_test"]


def test_a_run_builds_models_and_data_tests_but_no_unit_tests():
    assert build_arguments(None) == BUILD


def test_dbt_is_told_the_hours_that_have_changed():
    changed = '{"first_hour": "2015-05-17-10", "last_hour": "2015-05-17-12"}'
    hours = HourRange("2015-05-17-10", "2015-05-17-12")
    assert build_arguments(hours) == [*BUILD, "--vars", changed]


def test_parsing_is_quiet():
    assert parse_arguments() == ["parse", "--quiet"]
