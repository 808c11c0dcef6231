"""Becomes `quickml worker`, and ends with the process that started it, however that ends (Linux).

Called as `python -m quickml.launchers.ray.child PARENT OPTION...`, with the process id of the parent.
"""

from __future__ import annotations

import os
import sys

from quickml.worker.process import die_with_parent


def main() -> None:
    """See the module."""
    parent, *options = sys.argv[1:]
    die_with_parent()
    if os.getppid() != int(parent):
        return  # it had ended before the kernel was told
    run = "import sys; from quickml.cli import main; sys.exit(main())"
    os.execv(sys.executable, [sys.executable, "-c", run, "worker", *options])  # noqa: S606  # no shell


if __name__ == "__main__":
    main()
