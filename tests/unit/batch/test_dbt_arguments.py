from clickstream_platform.core.dbt_arguments import build_arguments, parse_arguments


def test_a_run_builds_models_and_data_tests_but_no_unit_tests():
    assert build_arguments() == ["build", "--exclude-resource-type", "unit_test"]


def test_parsing_is_quiet():
    assert parse_arguments() == ["parse", "--quiet"]
