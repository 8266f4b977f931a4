#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a secret is that should be nowhere.

  hidden.py KEY PATH...   prints every file, at or below a PATH, that has 32 bytes of KEY (a file of base64) in it: as
                          they are, in hexadecimal or as base64. Directories named "keys" are where keys belong
"""
import base64
import os
import sys


def needles(key):
    text = key.strip()
    raw = base64.b64decode(text)
    # By threes of bytes, of which base64 makes four letters each; what shares a letter with its neighbours is left out.
    found = {text[at:at + 40] for at in range(0, len(text) - 40, 4)}
    for at in range(0, len(raw), 32):
        part = raw[at:at + 32]
        found |= {part, part.hex().encode(), part.hex().upper().encode(), base64.b64encode(part)[:42]}
    return found


def files(path):
    if not os.path.isdir(path):
        yield path
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if name != "keys"]
        yield from (os.path.join(folder, name) for name in names)


def main(key, *paths):
    with open(key, "rb") as file:
        secret = needles(file.read())
    for path in paths:
        for name in files(path):
            with open(name, "rb") as file:
                content = file.read()
            if any(needle in content for needle in secret):
                print(name)


if __name__ == "__main__":
    main(*sys.argv[1:])
