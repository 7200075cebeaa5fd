"""The packages as a user gets them: built from this checkout, installed elsewhere, and run from there."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

INSTALL_SECONDS = 240
RUN_SECONDS = 60


@dataclass(frozen=True)
class Packages:
    """A source distribution, and the wheel that was built from it as an installer would."""

    sdist: Path
    wheel: Path
    source: Path
    """The source distribution, unpacked."""

    def files_of_sdist(self) -> set[str]:
        """The paths in the archive, below its one folder."""
        with tarfile.open(self.sdist) as archive:
            return {name.partition("/")[2] for name in archive.getnames()}

    def files_of_wheel(self) -> set[str]:
        with zipfile.ZipFile(self.wheel) as archive:
            return set(archive.namelist())

    def read_from_wheel(self, end: str) -> str:
        """The text of the one file whose path ends so."""
        [name] = [name for name in self.files_of_wheel() if name.endswith(end)]
        with zipfile.ZipFile(self.wheel) as archive:
            return archive.read(name).decode()


def build(folder: Path) -> Packages:
    """Build both; nothing is written into the checkout."""
    _hatch("sdist", ROOT, folder)
    [sdist] = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    [source] = (folder / "unpacked").iterdir()
    _hatch("wheel", source, folder)
    [wheel] = folder.glob("*.whl")
    return Packages(sdist, wheel, source)


@dataclass(frozen=True)
class Installed:
    """A `connectord` of its own, called with nothing of the checkout's around it."""

    command: Path
    home: Path

    def run(self, *words: str, folder: Path | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.command), *words],
            cwd=folder or self.home,
            env=self.environ(**environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )

    def environ(self, **more: str) -> dict[str, str]:
        """What a user's login gives: neither this virtual environment nor PYTHONPATH."""
        return {
            "PATH": f"{self.command.parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "CONNECTORD_RUNTIME_DIR": os.environ["CONNECTORD_RUNTIME_DIR"],
            **more,
        }


def with_pip(package: Path, folder: Path) -> Installed:
    """`python -m venv` and `pip install`, with the versions that this checkout was tested with."""
    _ran([sys.executable, "-m", "venv", str(folder / "venv")])
    constraints = ["--constraint", str(ROOT / "constraints.txt")]
    pip = [str(folder / "venv" / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _ran([*pip, *constraints, str(package)])
    return _installed(folder / "venv" / "bin" / "connectord", folder)


def with_pipx(package: Path, folder: Path) -> Installed:
    """`pipx install`, into folders of its own."""
    places = {
        "PIPX_HOME": folder / "pipx",
        "PIPX_BIN_DIR": folder / "bin",
        "PIPX_MAN_DIR": folder / "man",
        "PIPX_DEFAULT_PYTHON": sys.executable,
    }
    environ = {**os.environ, **{name: str(place) for name, place in places.items()}}
    constraints = f"--pip-args=--constraint {ROOT / 'constraints.txt'}"
    _ran([sys.executable, "-m", "pipx", "install", constraints, str(package)], environ)
    return _installed(folder / "bin" / "connectord", folder)


def _installed(command: Path, folder: Path) -> Installed:
    home = folder / "home"
    home.mkdir()
    return Installed(command, home)


def _hatch(target: str, source: Path, folder: Path) -> None:
    _ran([sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)], cwd=source)


def _ran(words: list[str], environ: dict[str, str] | None = None, cwd: Path | None = None) -> None:
    done = subprocess.run(
        words, env=environ, cwd=cwd, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
    )
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
