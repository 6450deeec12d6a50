#!/usr/bin/env python3
"""testlog.py TESTLOG: what failed and what was skipped, and why, of meson's testlog.json; status 1 if anything failed."""
import json
import sys

passed = failed = skipped = 0
try:
    records = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8", errors="replace")]
except OSError as error:
    print("quickstart: meson did not write a test log:", error)
    records, failed = [], 1
for record in records:
    result = record["result"]
    if result in ("OK", "EXPECTEDFAIL"):
        passed += 1
    elif result in ("SKIP", "IGNORED"):
        skipped += 1
        output = (record.get("stdout") or record.get("stderr") or "").strip().splitlines()
        print("quickstart: skipped:", record["name"] + ":", output[-1] if output else "no reason given")
    else:
        failed += 1
        print("quickstart: failed:", record["name"], "(" + result + ")")
print(f"{passed} passed, {failed} failed, {skipped} skipped")
sys.exit(1 if failed else 0)
