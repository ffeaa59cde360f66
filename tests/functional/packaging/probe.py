"""Run in a process of its own with nothing but a package: `python -I -S probe.py FOLDER FUNCTION`.

Reads invocations as JSON from standard input, one a line; prints which files were read, which
compiled libraries were loaded, and how long the import took.
"""

import json
import os
import sys
import time
from pathlib import Path

opened: set[str] = set()


def note(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and isinstance(arguments[0], str):
        opened.add(arguments[0])


def loaded() -> set[str]:
    """The compiled libraries in this process, those that others brought in as well."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    return {line.split(maxsplit=5)[5] for line in lines if ".so" in line}


class Context:
    """What a handler is told by Lambda."""

    function_name = "probe"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:probe"
    aws_request_id = "probe"


def main() -> None:
    folder, function = sys.argv[1:]
    sys.dont_write_bytecode = True  # as on Lambda, whose folder is read-only
    sys.path.insert(0, folder)
    invocations = [json.loads(line) for line in sys.stdin]
    real, sys.stdout = sys.stdout, sys.stderr  # where the function's logs go
    sys.addaudithook(note)
    wall, cpu = time.perf_counter(), time.process_time()
    handler = __import__(f"lambdas.{function}.handler", fromlist=["handler"]).handler
    took = {
        "wall_ms": (time.perf_counter() - wall) * 1000,
        "cpu_ms": (time.process_time() - cpu) * 1000,
    }
    answers = [handler(invocation, Context()) for invocation in invocations]
    found = {path for path in opened | loaded() if folder in path and Path(path).exists()}
    read = {os.path.relpath(path, folder) for path in found}
    json.dump({"answers": answers, "read": sorted(read), "import": took}, real)


if __name__ == "__main__":
    main()
