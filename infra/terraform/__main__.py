"""`python -m infra.terraform [FOLDER]`: writes the module, by default where it is kept.

Belongs here: the command line. What is written belongs in `module`.
"""

import sys
from pathlib import Path

from infra.terraform.module import MODULE, write


def main(arguments: list[str]) -> None:
    """Writes the module and says where."""
    folder = Path(arguments[0]) if arguments else MODULE
    write(folder)
    sys.stdout.write(f"{folder}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
