"""A wheel of this checkout, and its installation into a virtual environment as pipx makes one."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = Path(sysconfig.get_path("purelib"))


def a_wheel(folder: Path, version: str | None = None) -> Path:
    """Build one into `folder`; with `version` it calls itself so."""
    source = folder / "source"
    for name in ("daemon", "service"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    if version is not None:
        package = source / "daemon" / "connectord" / "__init__.py"
        package.write_text(f'"""An upgrade."""\n\n__version__ = "{version}"\n')
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=source, check=True, capture_output=True)
    shutil.rmtree(source)
    return next(folder.glob("*.whl"))
