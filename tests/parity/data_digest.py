#!/usr/bin/env python3
"""Computes by hand the content digest that src/data/ingest_test.cc expects: SHA-256 over length-prefixed
parts (little-endian 64-bit), first name, type and physical type of every column, then blocks of 1024 rows
whose values are tagged 0 (missing), 1 (number, 8 bytes) or 2 (text, length and bytes), last the row count."""
import hashlib
import struct


def digest(columns, rows):
    hasher = hashlib.sha256()

    def add(part):
        hasher.update(struct.pack("<Q", len(part)) + part)

    for column in columns:
        for part in column:
            add(part.encode())
    block = b""
    for count, row in enumerate(rows, 1):
        for value in row:
            if value is None:
                block += b"\0"
            elif isinstance(value, str):
                block += b"\2" + struct.pack("<Q", len(value.encode())) + value.encode()
            else:
                block += b"\1" + struct.pack("<d", value)
        if count % 1024 == 0:
            add(block)
            block = b""
    add(block)
    hasher.update(struct.pack("<Q", len(rows)))
    return hasher.hexdigest()


if __name__ == "__main__":
    print(digest([("a", "number", "DOUBLE"), ("b", "category", "VARCHAR")], [(1, "x"), (2, "y")]))
