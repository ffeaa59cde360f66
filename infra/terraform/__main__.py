"""`python -m infra.terraform [FOLDER]`: writes the module, by default where it is kept.

Belongs here: the command line. What is written belongs in `module`.
"""

import argparse
import sys
from pathlib import Path

from infra.terraform.module import MODULE, write


def main() -> None:
    """Writes the module and says where."""
    parser = argparse.ArgumentParser(description="Write the Terraform module.")
    parser.add_argument("folder", nargs="?", type=Path, default=MODULE, help="where to write it")
    folder = parser.parse_args().folder
    write(folder)
    sys.stdout.write(f"{folder}\n")


if __name__ == "__main__":
    main()
