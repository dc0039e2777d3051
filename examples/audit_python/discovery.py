"""Finds what there is to audit: installed distributions, and modules."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from examples.audit_python.audit import to_text

_METADATA = (".dist-info", ".egg-info")


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What there is to audit, as text that JSON can carry, and the folders that could not be listed."""

    packages: list[str]
    modules: list[str]
    unreadable: list[str]


def this_python() -> Found:
    """Find all that the running Python can import: its standard library, its packages, and those it was made from."""
    libraries = {os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
    packages = {os.path.realpath(folder) for folder in _package_folders() if Path(folder).is_dir()}
    found = walk(_outermost(libraries | packages))
    importable = {to_text(folder) for folder in packages}  # deeper ones are copies that others carry along
    installed = [folder for folder in found.packages if str(Path(folder).parent) in importable]
    return replace(found, packages=installed)


def tree(folder: Path) -> Found:
    """Find every module and every distribution below a folder."""
    return walk([os.path.realpath(folder)])


def walk(folders: Iterable[str]) -> Found:
    """Look through folders, without following links to others, which might lead round in circles."""
    packages: list[str] = []
    modules: list[str] = []
    unreadable: list[str] = []
    for root in folders:
        for folder, below, files in os.walk(root, onerror=lambda error: unreadable.append(to_text(error.filename))):
            below[:] = sorted(name for name in below if name != "__pycache__")
            packages += _paths(folder, (name for name in below + files if name.endswith(_METADATA)))
            modules += _paths(folder, (name for name in files if name.endswith(".py")))
    return Found(packages=packages, modules=modules, unreadable=unreadable)


def _package_folders() -> list[str]:
    # A virtual environment has packages of its own beside those of the Python that it was made from.
    installed = site.getsitepackages([sys.prefix, sys.base_prefix])
    return [*installed, *(sysconfig.get_path(name) for name in ("purelib", "platlib")), site.getusersitepackages()]


def _outermost(folders: set[str]) -> list[str]:
    return sorted(f for f in folders if not any(f != other and Path(f).is_relative_to(other) for other in folders))


def _paths(folder: str, names: Iterable[str]) -> list[str]:
    return [to_text(str(Path(folder, name))) for name in sorted(names)]
