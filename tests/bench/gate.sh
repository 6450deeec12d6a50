#!/usr/bin/env bash
# What a gate costs with 100,000 clients in it: memory of the daemon and of the kernel, and time for each refused packet, beside
# the same with 10,000. Prints figures; fails only when the daemon grows with the clients.
set -u
# shellcheck source-path=SCRIPTDIR source=../netns/daemon_lib.sh
. "$(dirname "$0")/../netns/daemon_lib.sh"
BACKEND=nftables
netns_need sqlite3 nft python3
daemon_prepare
listen 25
daemon_config "[gate mail]
pause = 1h
open_after = 1h"
daemon_start

memory() {
	awk '/^VmRSS/ { print $2 }' "/proc/$1/status"
}

# Of the kernel, in kB; the whole machine's.
slab() {
	awk '/^SUnreclaim/ { print $2 }' /proc/meminfo
}

all_are_counted() {
	[ "$(sql "SELECT paused FROM gate_now")" -ge 100000 ]
}

engine=$(memory "$ENGINE")
kernel=$(slab)
MAC=$(in_server cat /sys/class/net/mail0/address) ip netns exec "$CLIENT" python3 - <<'END' || fail "no packets"
import os, socket, statistics, struct, time

def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF

def syn(source, port):
    to = socket.inet_aton("10.9.0.1")
    tcp = struct.pack("!HHIIBBHHH", port, 25, 1, 0, 5 << 4, 2, 1024, 0, 0)
    sum_ = checksum(struct.pack("!4s4sBBH", source, to, 0, 6, len(tcp)) + tcp)
    tcp = tcp[:16] + struct.pack("!H", sum_) + tcp[18:]
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 1, 0, 64, 6, 0, source, to)
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return ethernet + ip + tcp

link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind(("mail0", 0x800))
ethernet = bytes.fromhex(os.environ["MAC"].replace(":", ""))
ethernet += bytes.fromhex(open("/sys/class/net/mail0/address").read().strip().replace(":", "")) + b"\x08\0"
clients = [struct.pack("!I", (100 << 24) + i) for i in range(1, 100001)]

# Microseconds for each packet, in one burst.
def burst(some, port):
    packets = [syn(client, port) for client in some]
    began = time.perf_counter()
    for packet in packets:
        link.send(packet)
    return (time.perf_counter() - began) / len(packets) * 1e6

def median(held):
    step = held // 10000
    return statistics.median(burst(clients[i % step * 10000:][:10000], 2000 + i) for i in range(9))

burst(clients[:10000], 1000)
few = median(10000)
burst(clients[10000:], 1000)
print("a packet of a client that waits: %.1f us with 10,000 in the gate, %.1f us with 100,000" % (few, median(100000)))
END
WAIT_S=120 wait_until all_are_counted || fail "counted are $(sql "SELECT paused FROM gate_now")"
echo "kernel: $((($(slab) - kernel) * 1024 / 100000)) bytes for each client"
echo "engine: $engine kB before, $(memory "$ENGINE") kB after"
[ $(($(memory "$ENGINE") - engine)) -lt 2048 ] || fail "the engine grows with the clients"
daemon_stop || fail "exit status $?"
echo "ok"
