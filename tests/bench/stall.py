"""
stall: how long a start takes, how long a fresh line waits while blocks expire, and what the daemon costs when nothing happens.

usage: stall.py LOG DB ROOT_PID ENGINE_PID REST_UNTIL SECONDS P99_MS WORST_MS FILL_S
Waits until the kernel was compared with the database, measures the processor time of both processes until REST_UNTIL (Unix seconds),
then appends a hostile line every 100 ms for SECONDS, each by another address, and waits until its hit is in the database. Each time is
printed twice: as it was, and the processor time that both processes took for it, which is what matters on a machine that does
other work as well. Ends with 1 when the start took longer than FILL_S, one line in a hundred longer than P99_MS, or one longer
than WORST_MS.
"""
import os
import sqlite3
import sys
import time

PATIENCE_S = 300


def processor_s(pids):
    """Of these processes until now. A process that runs is some milliseconds ahead of what the kernel has written down."""
    used = 0
    for pid in pids:
        with open(f"/proc/{pid}/schedstat", encoding="ascii") as f:
            used += int(f.read().split()[0])
    return used / 1e9


def resident_mib(pid):
    """Of a process, without what it shares with others: programs and libraries."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as f:
        fields = f.read().split()
        return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGESIZE") / (1 << 20)


def first(db, question):
    """The first column of the first row; None: there is none."""
    row = db.execute(question).fetchone()
    return row[0] if row else None


def wait_for_kernel(db, began):
    """Seconds from the start until all was in the kernel. It is written in whole seconds."""
    while int(first(db, "SELECT value FROM daemon WHERE key = 'last_sync_at'") or 0) < int(began):
        if time.time() - began > PATIENCE_S:
            sys.exit("the kernel is never filled")
        time.sleep(0.02)
    return time.time() - began


def wait_of(log, db, i, pids):
    """Milliseconds from a line of another address to its hit, and of these, of the processor."""
    address = f"198.{18 + i // 62500}.{i // 250 % 250}.{i % 250 + 1}"
    last = first(db, "SELECT max(id) FROM hit") or 0
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    began, used = time.monotonic(), processor_s(pids)
    log.write(f"{stamp} mx postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[{address}]: 554 5.7.1 Service unavailable; "
              f"Client host [{address}] blocked using zen.example; from=<{i}@example.com> to=<b@example.org> proto=ESMTP helo=<x>\n")
    log.flush()
    while (first(db, "SELECT max(id) FROM hit") or 0) <= last:
        if time.monotonic() - began > PATIENCE_S:
            sys.exit("a line is never written")
        time.sleep(0.001)
    return (time.monotonic() - began) * 1000, (processor_s(pids) - used) * 1000


def of_lines(values):
    """Median, 99 of 100, the worst."""
    values = sorted(values)
    return values[len(values) // 2], values[len(values) * 99 // 100 - 1], values[-1]


def main():
    path, database, root, engine, rest_until, seconds, p99_ms, worst_ms, fill_s = sys.argv[1:]
    began, pids = float(os.environ["WFS_STARTED"]), (root, engine)
    db = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)
    filled_s = wait_for_kernel(db, began)
    filling_s = processor_s(pids)
    print(f"all in the kernel after {filled_s:.2f} s ({filling_s:.2f} of the processor); "
          f"engine {resident_mib(engine):.0f} MiB, root {resident_mib(root):.1f}", end="; ", flush=True)
    since = time.monotonic()
    time.sleep(max(0.0, float(rest_until) - time.time()))
    rest = (processor_s(pids) - filling_s) / max(0.001, time.monotonic() - since) * 100
    waits, used, since = [], processor_s(pids), time.monotonic()
    with open(path, "a", encoding="ascii") as log:
        while time.monotonic() - since < float(seconds):
            waits.append(wait_of(log, db, len(waits), pids))
            time.sleep(0.1)
    busy = (processor_s(pids) - used) / (time.monotonic() - since) * 100
    median, p99, worst = of_lines(wait[0] for wait in waits)
    print(f"at rest {rest:.1f} % of a processor; {len(waits)} lines: median {median:.0f} ms, p99 {p99:.0f}, worst {worst:.0f}", end="; ")
    print("of the processor {:.0f}, {:.0f}, {:.0f} ms; {:.0f} % of it".format(*of_lines(wait[1] for wait in waits), busy))
    sys.exit(1 if filled_s > float(fill_s) or p99 > float(p99_ms) or worst > float(worst_ms) else 0)


main()
