"""HCL as it is written: literally, as `terraform fmt` has it."""

from textwrap import dedent

import pytest

from infra.terraform.hcl import (
    Block,
    Call,
    Conditional,
    Expression,
    Inline,
    Value,
    document,
)


def written(attributes: dict[str, Value], *blocks: Block) -> str:
    text = document("About", [Block("b", (), attributes, blocks)])
    return text.removeprefix("# About\n\nb {\n").removesuffix("}\n")


def test_a_file() -> None:
    blocks = [
        Block("resource", ("aws_x", "y"), {"name": "${var.stack}-y"}, comment="Why.\nReally."),
        Block("data", ("aws_region", "current")),
    ]
    assert document("About", blocks) == dedent(
        """\
        # About

        # Why.
        # Really.
        resource "aws_x" "y" {
          name = "${var.stack}-y"
        }

        data "aws_region" "current" {}
        """
    )


def test_neighbours_on_one_line_each_are_aligned() -> None:
    values: dict[str, Value] = {"a": 1, "long": True, "m": {"k": "v"}, "bc": 2.5, "d": None}
    assert written(values) == '  a    = 1\n  long = true\n  m = {\n    k = "v"\n  }\n  bc = 2.5\n'


def test_count_comes_first_and_what_is_waited_for_last() -> None:
    attributes: dict[str, Value] = {
        "depends_on": [Expression("aws_x.y")],
        "name": "n",
        "count": Expression("var.a ? 1 : 0"),
    }
    assert written(attributes, Block("inner")) == (
        '  count = var.a ? 1 : 0\n\n  name = "n"\n\n  inner {}\n\n  depends_on = [aws_x.y]\n'
    )


def test_what_is_nothing_but_an_expression_is_one() -> None:
    """`terraform fmt` would take the quotes away."""
    assert written({"a": "${var.stack}", "b": "x${var.stack}"}) == (
        '  a = var.stack\n  b = "x${var.stack}"\n'
    )


def test_quotes_are_escaped() -> None:
    assert written({"a": 'say "no"\n', "aws:x": "\\"}) == (
        '  a       = "say \\"no\\"\\n"\n  "aws:x" = "\\\\"\n'
    )


@pytest.mark.parametrize("text", ["%{ if x }", 'a${f("x")}'])
def test_a_template_that_would_mean_something_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        written({"a": text})


def test_calls_and_conditions() -> None:
    merged = Call("merge", ({"A": "b"}, Expression("local.more")))
    assert written({"m": merged}) == '  m = merge({\n    A = "b"\n  }, local.more)\n'
    long = ["x" * 60, "y" * 60]
    joined = written({"c": Call("concat", ([1], Conditional("var.a", long)))})
    assert joined == (
        f'  c = concat(\n    [1],\n    var.a ? [\n      "{long[0]}",\n      "{long[1]}",\n'
        "    ] : [],\n  )\n"
    )


def test_objects_in_lists() -> None:
    one_line: Value = [Inline({"a": "b"}), Inline({})]
    assert written({"l": one_line}) == '  l = [\n    { a = "b" },\n    {},\n  ]\n'
    assert written({"l": [{"a": "b"}]}) == '  l = [{\n    a = "b"\n  }]\n'
