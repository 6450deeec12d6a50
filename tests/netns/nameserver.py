"""nameserver.py ADDRESS ZONE LOG: a DNS server on port 53 that answers what a test wants.

ZONE has lines, read again for each question:
  NAME ANSWER...       addresses, of which those of the question's type are sent, or "servfail", or "silence"
  NAME TXT|MX|PTR|CNAME VALUE   one record; further lines of the name add further ones. TXT: the rest of the line
A NAME "*.zone" is all that is in it. A name that is not there does not exist. What is longer than a datagram may be is sent
by TCP. LOG gets a line "NAME TYPE" for each question.
"""
import ipaddress
import socket
import struct
import sys
import threading

TYPES = {1: "A", 5: "CNAME", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA"}
DATAGRAM_MAX = 1200


def read_zone(path):
    """Plain answers by name, and records by name and type."""
    plain, typed = {}, {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            words = line.rstrip("\n").split(" ", 2)
            if len(words) == 3 and words[1] in TYPES.values():
                typed.setdefault((words[0], words[1]), []).append(words[2])
            elif words[0]:
                plain[words[0]] = line.split()[1:]
    return plain, typed


def wire(name):
    """A name as a packet has it."""
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def data_of(kind, value):
    """The data of one record."""
    if kind in (1, 28):
        return ipaddress.ip_address(value).packed
    if kind == 16:
        text = value.encode()
        return b"".join(bytes([len(text[i : i + 255])]) + text[i : i + 255] for i in range(0, max(len(text), 1), 255))
    return (struct.pack("!H", 10) if kind == 15 else b"") + wire(value)


def find(zone, name, kind):
    """The rcode and the records (owner, type, data) for a name; None: silence."""
    plain, typed = zone
    labels = name.split(".")
    names = [name] + ["*." + ".".join(labels[i:]) for i in range(1, len(labels))]
    known = next((n for n in names if n in plain or any(t[0] == n for t in typed)), None)
    if known is None:
        return 3, []
    if plain.get(known) in (["servfail"], ["silence"]):
        return None if plain[known] == ["silence"] else (2, [])
    if (known, "CNAME") in typed and kind != 5:
        target = typed[known, "CNAME"][0]
        found = find(zone, target, kind)
        return found and (found[0], [(name, 5, wire(target))] + found[1])
    values = typed.get((known, TYPES.get(kind)), [])
    if kind in (1, 28):
        values = [a for a in plain.get(known, []) if (":" in a) == (kind == 28)]
    return 0, [(name, kind, data_of(kind, value)) for value in values]


def answer(path, question, limit):
    """The packet to be sent back, or None, and what was asked."""
    labels, at = [], 12
    while question[at] != 0:
        labels.append(question[at + 1 : at + 1 + question[at]].decode())
        at += 1 + question[at]
    number, kind = struct.unpack_from("!H", question)[0], struct.unpack_from("!H", question, at + 1)[0]
    name = ".".join(labels).lower()
    found = find(read_zone(path), name, kind)
    if found is None:
        return None, name, kind
    rcode, records = found
    body = b""
    for owner, record, data in records:
        body += (b"\xC0\x0C" if owner == name else wire(owner)) + struct.pack("!2HIH", record, 1, 60, len(data)) + data
    cut = 12 + len(body) + at + 5 - 12 > limit
    head = struct.pack("!6H", number, 0x8180 | rcode | (0x200 if cut else 0), 1, 0 if cut else len(records), 0, 0)
    return head + question[12 : at + 5] + (b"" if cut else body), name, kind


def serve_tcp(server, path):
    """One question a connection."""
    while True:
        client, _ = server.accept()
        with client:
            length = struct.unpack("!H", client.recv(2, socket.MSG_WAITALL))[0]
            packet = answer(path, client.recv(length, socket.MSG_WAITALL), 65535)[0]
            if packet is not None:
                client.sendall(struct.pack("!H", len(packet)) + packet)


def main():
    """Serves for ever."""
    address, path, log = sys.argv[1:]
    tcp = socket.create_server((address, 53))
    threading.Thread(target=serve_tcp, args=(tcp, path), daemon=True).start()
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, 53))
    with open(log, "a", encoding="utf-8", buffering=1) as said:
        while True:
            question, client = server.recvfrom(2048)
            packet, name, kind = answer(path, question, DATAGRAM_MAX)
            said.write(f"{name} {TYPES.get(kind, kind)}\n")
            if packet is not None:
                server.sendto(packet, client)


main()
