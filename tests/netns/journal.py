"""journal.py SOCKET FILE: a journal that writes each record into FILE, as one line of JSON.

It receives what sd_journal_sendv(3) sends: datagrams of "NAME=value" lines, where a value that holds a newline is
preceded by "NAME", a newline and its length in 8 bytes instead.
"""
import json
import os
import socket
import sys


def fields(record):
    while record:
        name, record = record.split(b"\n", 1)
        if b"=" in name:
            name, value = name.split(b"=", 1)
        else:
            length = int.from_bytes(record[:8], "little")
            value, record = record[8 : 8 + length], record[9 + length :]
        yield name.decode(), value.decode("latin-1")


journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
journal.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
with open(sys.argv[2], "a") as out:
    while True:
        print(json.dumps(dict(fields(journal.recv(1 << 20)))), file=out, flush=True)
