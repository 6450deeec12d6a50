"""once.py PROGRAM DIR ENTRIES KILLS: every entry of a journal is counted exactly once.

Runs in a mount namespace with an empty /run and /var/log (see once.sh). Starts a systemd-journald and the daemon (backend observe), writes
so many entries by journald's native protocol, each about a client of its own, and meanwhile, at random moments: kills the daemon (-9),
stops it, rotates the journal, deletes its archives. In the end every entry that journalctl still lists has one hit, no entry has two, and
what has none was deleted. Prints what happened; ends with 1 and the first differences when it is otherwise.
"""

import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time

PROGRAM, DIR, ENTRIES, KILLS = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
STATE = "/run/systemd/journal"
DATABASE = DIR + "/hits.db"
SEED = int(os.environ.get("WFS_SEED", time.time()))


def fail(text):
    print(f"FAIL (WFS_SEED={SEED}): {text}", file=sys.stderr)
    with open(DIR + "/log", encoding="utf-8", errors="replace") as log:
        print("".join(log.readlines()[-20:]), file=sys.stderr)
    sys.exit(1)


def wait_until(what, condition):
    until = time.monotonic() + 300
    while not condition():
        if time.monotonic() > until:
            fail(f"{what}: not after 300 s")
        time.sleep(0.02)


def write_files():
    with open(DIR + "/once.rules", "w", encoding="utf-8") as rules:
        rules.write(
            "[once]\nprogram = once\njournal_uid = root\nmatch = ^number <ADDR>$\ncategory = auth\nreason = is counted\nscore = 1\n"
        )
    with open(DIR + "/conf", "w", encoding="utf-8") as conf:
        conf.write(
            f"[block]\nthreshold = 1000000\nnetwork_after = 0\n[database]\npath = {DATABASE}\n[firewall]\nbackend = observe\n"
            f"[control]\nsocket =\n[run]\nuser =\npatterns = {DIR}\n"
        )


class Daemon:
    def __init__(self):
        self.process = None

    def start(self):
        with open(DIR + "/log", "ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "-c", DIR + "/conf", "run"], stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )

    def end(self, signo):
        """Both processes; the next one needs the lock of the last."""
        if signo == signal.SIGKILL:
            os.killpg(self.process.pid, signo)
        else:
            self.process.send_signal(signo)
        self.process.wait()
        wait_until("the engine ends", lambda: not group_lives(self.process.pid))


def group_lives(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


class Journald:
    def __init__(self):
        self.process = subprocess.Popen(
            ["/usr/lib/systemd/systemd-journald"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
        )
        wait_until("systemd-journald starts", lambda: os.path.exists(STATE + "/socket"))

    def do(self, signo, done):
        """journald writes this file when it has done it."""
        path = f"{STATE}/{done}"
        if os.path.exists(path):
            os.unlink(path)
        self.process.send_signal(signo)
        wait_until(done, lambda: os.path.exists(path))

    def rotate(self):
        self.do(signal.SIGUSR2, "rotated")

    def flush(self):
        os.makedirs("/var/log/journal", exist_ok=True)
        self.do(signal.SIGUSR1, "flushed")

    def sync(self):
        self.do(signal.SIGRTMIN + 1, "synced")


def address(number):
    return f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1"


def listed():
    """What journalctl itself lists, as numbers."""
    output = subprocess.run(
        ["journalctl", "--quiet", "--output=cat", "SYSLOG_IDENTIFIER=once"], capture_output=True, text=True, check=True
    ).stdout
    return [spelled[line.split()[1]] for line in output.splitlines() if line.startswith("number ")]


def hits():
    """How often each number was counted, and what the daemon says of the journal."""
    with sqlite3.connect(f"file:{DATABASE}?mode=ro", uri=True) as database:
        counted = {}
        for (text,) in database.execute("SELECT text FROM hit"):
            number = spelled[text.rsplit(" ", 1)[1]]
            counted[number] = counted.get(number, 0) + 1
        return counted, database.execute("SELECT forged, damaged, gaps, lost FROM journal").fetchone()


def n_hits():
    try:
        with sqlite3.connect(f"file:{DATABASE}?mode=ro", uri=True) as database:
            return database.execute("SELECT count(*) FROM hit").fetchone()[0]
    except sqlite3.Error:
        return 0


def has_position():
    try:
        with sqlite3.connect(f"file:{DATABASE}?mode=ro", uri=True) as database:
            return database.execute("SELECT count(*) FROM journal").fetchone()[0] == 1
    except sqlite3.Error:
        return False


def write(journald, daemon):
    """Returns how often what was done meanwhile."""
    done = {"kill": 0, "stop": 0, "rotate": 0, "vacuum": 0}
    moments = sorted(random.sample(range(ENTRIES), 2 * KILLS), reverse=True)
    kinds = ["kill"] * KILLS + random.choices(["stop", "rotate", "vacuum"], weights=[3, 5, 2], k=KILLS)
    random.shuffle(kinds)
    out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    out.connect(STATE + "/socket")
    for number in range(ENTRIES):
        out.send(b"SYSLOG_IDENTIFIER=once\nSYSLOG_FACILITY=2\nMESSAGE=number " + address(number).encode() + b"\n")
        while moments and moments[-1] == number:
            moments.pop()
            kind = kinds.pop()
            done[kind] += 1
            if kind in ("kill", "stop"):
                daemon.end(signal.SIGKILL if kind == "kill" else signal.SIGTERM)
                daemon.start()
            elif kind == "rotate":
                journald.rotate()
            else:
                subprocess.run(["journalctl", "--quiet", "--rotate", f"--vacuum-files={max(4, ENTRIES // 80000)}"], check=False, stderr=subprocess.DEVNULL)
        if number == ENTRIES // 3:
            journald.flush()  # from /run to /var
    out.close()
    return done


def check(done):
    remaining = listed()
    counted, state = hits()
    twice = [n for n, times in counted.items() if times != 1]
    missing = [n for n in remaining if n not in counted]
    if len(set(remaining)) != len(remaining):
        fail("journalctl lists an entry twice")
    if twice or missing:
        fail(f"{len(twice)} counted more than once, {len(missing)} not counted: first {twice[:5]} {missing[:5]}")
    deleted = ENTRIES - len(counted)
    if deleted > 0 and done["vacuum"] == 0:
        fail(f"{deleted} were never counted, and nothing was deleted; {done}")
    return counted, remaining, state


random.seed(SEED)
spelled = {address(number): number for number in range(ENTRIES)}
write_files()
journald = Journald()
daemon = Daemon()
daemon.start()
wait_until("the first position", has_position)
began = time.monotonic()
done = write(journald, daemon)
journald.sync()
last = listed()[-1]
# The last entry comes last.
wait_until("all is read", lambda: n_hits() >= 1 and last in hits()[0])
counted, remaining, state = check(done)
daemon.end(signal.SIGTERM)
journald.process.terminate()
journald.process.wait()
print(
    f"once.py: {ENTRIES} entries in {time.monotonic() - began:.0f} s; {done}; {len(remaining)} listed in the end, {len(counted)} counted "
    f"once, {ENTRIES - len(counted)} deleted before they were read; forged, damaged, gaps, lost: {state}"
)
