"""The parts of fast.sh.

    fast.py watch FILE            in a host's namespace: notes when an address comes into the kernel's lists, until SIGTERM
    fast.py write RATE N LOG...   appends N lines to each log, each a client that is blocked for it, RATE of each in a second
    fast.py sum N FILE...         what the files of all hosts say: from the kernel of the first to have it to those of the others

A packet is dropped from the moment on at which the kernel reports the new element (NFNLGRP_NFTABLES), so nothing of the daemons is
asked. What is watched is kept as it came and read at the end, because three hosts and this share the processors.
"""
import datetime
import signal
import socket
import struct
import sys
import time

NETLINK_NETFILTER, NFNLGRP_NFTABLES = 12, 7
NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWSETELEM = 10, 12
SO_RCVBUFFORCE = 33
STEP_S = 0.02


def watch(path):
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 28)
    s.bind((0, 1 << (NFNLGRP_NFTABLES - 1)))
    came = []

    def end(*_):
        with open(path, "w", encoding="ascii") as f:
            for when, data in came:
                for address in elements(data):
                    f.write(f"{when} {address}\n")
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    open(path, "w", encoding="ascii").close()  # it listens
    while True:
        data = s.recv(1 << 20)
        came.append((time.monotonic_ns(), data))


def attributes(data):
    at = 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("HH", data, at)
        if length < 4:
            return
        yield kind & 0x3FFF, data[at + 4 : at + length]
        at += (length + 3) & ~3


def elements(data):
    """IPv4 addresses of the new elements in messages of nf_tables: linux/netfilter/nf_tables.h has the numbers."""
    at = 0
    while at + 16 <= len(data):
        length, kind = struct.unpack_from("IH", data, at)
        if kind == NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM:
            for what, listed in attributes(data[at + 20 : at + length]):  # after nlmsghdr and nfgenmsg
                if what != 3:  # NFTA_SET_ELEM_LIST_ELEMENTS
                    continue
                for _, element in attributes(listed):
                    for part, key in attributes(element):
                        if part == 1:  # NFTA_SET_ELEM_KEY, with NFTA_DATA_VALUE in it
                            yield socket.inet_ntoa(key[4:8])
        at += (length + 3) & ~3


def address_of(host, k):
    """Each in a network of its own, or the network would be blocked."""
    return f"{20 + host}.{k // 256}.{k % 256}.7"


def write(rate, n, logs):
    files = [open(log, "a", encoding="ascii", buffering=1 << 16) for log in logs]
    begin, done = time.monotonic(), 0
    while done < n:
        due = min(n, int((time.monotonic() - begin) * rate) + 1)
        now = datetime.datetime.now(datetime.timezone.utc).isoformat()
        for host, f in enumerate(files, 1):
            for k in range(done, due):
                f.write(
                    f"{now} mx postfix/submission/smtpd[412]: warning: unknown[{address_of(host, k)}]: SASL LOGIN "
                    "authentication failed: (reason unavailable), sasl_username=bob\n"
                )
            f.flush()
        done = due
        time.sleep(STEP_S)
    print(f"{n} blocks on each of {len(logs)} hosts in {time.monotonic() - begin:.1f} s, {rate} of each in a second")


def total(n, paths):
    seen = []
    for path in paths:
        first = {}
        with open(path, encoding="ascii") as f:
            for line in f:
                when, address = line.split()
                first.setdefault(address, int(when))
        seen.append(first)
    late = []
    for host, own in enumerate(seen, 1):
        for k in range(n):
            address = address_of(host, k)
            for other in seen:
                if other is not own and address in other:
                    late.append((other[address] - own[address]) / 1e6)
    late.sort()
    want = n * len(paths) * (len(paths) - 1)
    print(
        f"{len(late)} of {want} in the kernels of the others after: median {late[len(late) // 2]:.0f} ms, "
        f"99 % {late[len(late) * 99 // 100]:.0f} ms, longest {late[-1]:.0f} ms"
    )
    return len(late) != want


if sys.argv[1] == "watch":
    watch(sys.argv[2])
elif sys.argv[1] == "write":
    write(float(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
else:
    sys.exit(total(int(sys.argv[2]), sys.argv[3:]))
