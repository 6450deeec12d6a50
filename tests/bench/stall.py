"""
stall: how long a fresh line waits while blocks expire, and what the daemon costs when nothing happens.

usage: stall.py LOG DB ENGINE_PID REST_UNTIL SECONDS P99_MS WORST_MS
Waits until the kernel was compared with the database, measures the engine's processor time until REST_UNTIL (Unix seconds), then
appends a hostile line every 100 ms for SECONDS, each by another address, and waits until its hit is in the database. Ends with 1 when
one in a hundred waited longer than P99_MS, or one longer than WORST_MS.
"""
import os
import sqlite3
import sys
import time

PATIENCE_S = 120


def processor_s(pid):
    """Of the engine until now."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid):
    """Of a process."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE") / (1 << 20)


def first(db, question):
    """The first column of the first row; None: there is none."""
    row = db.execute(question).fetchone()
    return row[0] if row else None


def wait_for_kernel(db, began):
    """Seconds from the start until all was in the kernel."""
    while int(first(db, "SELECT value FROM daemon WHERE key = 'last_sync_at'") or 0) < began:
        if time.time() - began > PATIENCE_S:
            sys.exit("the kernel is never filled")
        time.sleep(0.02)
    return time.time() - began


def wait_of(log, db, i):
    """Milliseconds from a line of another address to its hit."""
    address = f"198.{18 + i // 62500}.{i // 250 % 250}.{i % 250 + 1}"
    last = first(db, "SELECT max(id) FROM hit") or 0
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    began = time.monotonic()
    log.write(f"{stamp} mx postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[{address}]: 554 5.7.1 Service unavailable; "
              f"Client host [{address}] blocked using zen.example; from=<{i}@example.com> to=<b@example.org> proto=ESMTP helo=<x>\n")
    log.flush()
    while (first(db, "SELECT max(id) FROM hit") or 0) <= last:
        if time.monotonic() - began > PATIENCE_S:
            sys.exit("a line is never written")
        time.sleep(0.001)
    return (time.monotonic() - began) * 1000


def main():
    path, database, pid, rest_until, seconds, p99_ms, worst_ms = sys.argv[1:]
    began = float(os.environ["WFS_STARTED"])
    db = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)
    filled_s = wait_for_kernel(db, int(began))
    resting, since = processor_s(pid), time.monotonic()
    time.sleep(max(0.0, float(rest_until) - time.time()))
    rest = (processor_s(pid) - resting) / (time.monotonic() - since) * 100
    waits, used, since = [], processor_s(pid), time.monotonic()
    with open(path, "a", encoding="ascii") as log:
        while time.monotonic() - since < float(seconds):
            waits.append(wait_of(log, db, len(waits)))
            time.sleep(0.1)
    busy = (processor_s(pid) - used) / (time.monotonic() - since) * 100
    waits.sort()
    p99, worst = waits[len(waits) * 99 // 100 - 1], waits[-1]
    print(f"all in the kernel after {filled_s:.1f} s; engine {resident_mib(pid):.0f} MiB, at rest {rest:.1f} % of a processor; "
          f"{len(waits)} lines: median {waits[len(waits) // 2]:.0f} ms, p99 {p99:.0f}, worst {worst:.0f}, {busy:.0f} % of a processor")
    sys.exit(1 if p99 > float(p99_ms) or worst > float(worst_ms) else 0)


main()
