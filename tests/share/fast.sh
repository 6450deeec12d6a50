#!/usr/bin/env bash
# How long until a block of one host is in the kernels of the others: WFS_BLOCKS of each of three hosts, WFS_RATE in a second. Not run
# by itself: it needs a quiet machine. Prints median, 99th percentile and the longest, in milliseconds, and whether any was lost.
#   meson test -C build --benchmark --verbose share_fast
set -u
# shellcheck source-path=SCRIPTDIR source=share_lib.sh
. "$(dirname "$0")/share_lib.sh"
share_up mx1 mx2 mx3
WAIT_S=120
python3 - "$WORK" "${WFS_BLOCKS:-2000}" "${WFS_RATE:-333}" <<'PYTHON' || fail "not all arrived"
import json, socket, sqlite3, sys, threading, time
work, n, rate = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
hosts = ["mx1", "mx2", "mx3"]
sent, seen = {}, []

def lines(host, request):
    s = socket.socket(socket.AF_UNIX)
    s.connect(f"{work}/{host}/db/control")
    s.sendall(request)
    return s, s.makefile()

def watch(host):
    # An event is there when it is committed; the kernel follows within the same turn of the daemon.
    _, f = lines(host, b"watch 0\n")
    got = 0
    for line in f:
        e = json.loads(line)
        if e.get("event") == "block" and (e.get("rule") or "").startswith("peer/"):
            seen.append((time.monotonic() - sent.get(e["address"], time.monotonic())) * 1000)
            got += 1
            if got == 2 * n:
                return

def order(i, host):
    s, f = lines(host, b"")
    begin = time.monotonic()
    for k in range(n):
        wait = begin + k / rate - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        a = f"10.{i}.{k // 250}.{k % 250 + 1}"
        sent[a] = time.monotonic()
        s.sendall(f"block {a} for 2h\n".encode())
        f.readline()

watchers = [threading.Thread(target=watch, args=(h,), daemon=True) for h in hosts]
orders = [threading.Thread(target=order, args=(i + 1, h)) for i, h in enumerate(hosts)]
begin = time.monotonic()
for t in watchers + orders: t.start()
for t in orders: t.join()
took = time.monotonic() - begin
for t in watchers: t.join(110)
seen.sort()
print(f"{3 * n} blocks in {took:.1f} s, {len(seen)} of {6 * n} told: "
      f"median {seen[len(seen) // 2]:.0f} ms, 99 % {seen[len(seen) * 99 // 100]:.0f} ms, longest {seen[-1]:.0f} ms")
sys.exit(len(seen) != 6 * n)
PYTHON
for host in mx1 mx2 mx3; do
	[ "$(sql_on "$host" "SELECT count(*), count(DISTINCT address) FROM active")" = "$((3 * ${WFS_BLOCKS:-2000}))|$((3 * ${WFS_BLOCKS:-2000}))" ] ||
		fail "$host has $(sql_on "$host" "SELECT count(*), count(DISTINCT address) FROM active")"
done
no_sanitizer
