"""nameserver.py ADDRESS ZONE LOG: a DNS server on port 53 that answers what a test wants.

ZONE has lines "NAME ANSWER...", read again for each question; a NAME "*.zone" is all that is in it. ANSWER: addresses, of
which those of the question's type are sent, or "servfail", or "silence". A name that is not there does not exist. LOG gets
a line "NAME TYPE" for each question.
"""
import ipaddress
import socket
import struct
import sys

TYPES = {1: "A", 28: "AAAA"}


def answer(zone, question):
    """The packet to be sent back, or None, and what was asked."""
    labels, at = [], 12
    while question[at] != 0:
        labels.append(question[at + 1 : at + 1 + question[at]].decode())
        at += 1 + question[at]
    number, kind = struct.unpack_from("!H", question)[0], struct.unpack_from("!H", question, at + 1)[0]
    name = ".".join(labels).lower()
    with open(zone, encoding="utf-8") as lines:
        table = {words[0]: words[1:] for words in map(str.split, lines) if words}
    suffixes = ["*." + ".".join(labels[i:]) for i in range(1, len(labels))]
    words = next((table[known] for known in [name, *suffixes] if known in table), None)
    rcode, records = 0 if words is not None else 3, []
    if words == ["servfail"]:
        rcode = 2
    elif words == ["silence"]:
        return None, name, kind
    else:
        addresses = [ipaddress.ip_address(word) for word in words or []]
        records = [a.packed for a in addresses if (a.version == 4) == (kind == 1)]
    packet = struct.pack("!6H", number, 0x8180 | rcode, 1, len(records), 0, 0) + question[12 : at + 5]
    for data in records:
        packet += struct.pack("!3HIH", 0xC00C, kind, 1, 60, len(data)) + data
    return packet, name, kind


def main():
    address, zone, log = sys.argv[1:]
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, 53))
    with open(log, "a", encoding="utf-8", buffering=1) as said:
        while True:
            question, client = server.recvfrom(2048)
            packet, name, kind = answer(zone, question)
            said.write(f"{name} {TYPES.get(kind, kind)}\n")
            if packet is not None:
                server.sendto(packet, client)


main()
