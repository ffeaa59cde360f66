from clickstream_platform.core.build_parts import BuildPart
from clickstream_platform.core.dbt_arguments import build_arguments, parse_arguments
from clickstream_platform.core.hours import HourRange

BUILD = ["build", "--exclude-resource-type", "unit_test"]
HOURS = HourRange("2015-05-17-10", "2015-05-17-12")
CHANGED = '"first_hour": "2015-05-17-10", "last_hour": "2015-05-17-12"'


def test_a_run_builds_models_and_data_tests_but_no_unit_tests():
    assert build_arguments() == BUILD


def test_dbt_is_told_the_hours_that_have_changed():
    part = BuildPart(HOURS, tested_since=HOURS.first)
    assert build_arguments(part) == [*BUILD, "--vars", f"{{{CHANGED}}}"]


def test_a_part_that_another_follows_is_not_tested():
    told = f'{{{CHANGED}, "is_anew": true, "is_followed": true}}'
    part = BuildPart(HOURS, is_anew=True, is_followed=True)
    assert build_arguments(part) == [*BUILD, "--exclude-resource-type", "test", "--vars", told]


def test_the_last_part_tests_what_all_have_built():
    told = f'{{{CHANGED}, "tested_since": "2015-01-01-00"}}'
    part = BuildPart(HOURS, tested_since="2015-01-01-00")
    assert build_arguments(part) == [*BUILD, "--vars", told]


def test_parsing_is_quiet():
    assert parse_arguments() == ["parse", "--quiet"]
