"""Build sdist and wheel in FOLDER, install the wheel into an empty environment there, and run the demo from it.

What passes in a work tree can still be missing from the wheel: a module, a data file, an entry point, a dependency.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(folder: Path) -> None:
    """Fail with the first step that fails."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _run(sys.executable, "-m", "build", "--installer", "uv", "--outdir", folder / "dist", ROOT)
    (wheel,) = (folder / "dist").glob("*.whl")
    environment = folder / "environment"
    _run("uv", "venv", "--quiet", "--python", sys.executable, environment)
    _run("uv", "pip", "install", "--quiet", "--python", environment, f"{wheel}[sqlalchemy]")
    _run(environment / "bin/kavach", "demo", cwd=folder)


def _run(*command: str | Path, cwd: Path = ROOT) -> None:
    subprocess.run(command, check=True, cwd=cwd)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
