#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Counts the points of test programs in a testlog.json of meson's, and shows those that failed.

    count.py LOG PASSED FAILED SKIPPED    what was counted before; the last line is the new sum
"""
import json
import re
import sys

POINT = re.compile(r"^(not )?ok\b(.*)")
SKIP = re.compile(r"# *skip", re.IGNORECASE)


def count(test):
    """Passed, failed, skipped. What is not TAP, or ended before its plan, is one point more."""
    passed = failed = skipped = 0
    output = test.get("stdout", "")
    for line in output.splitlines():
        point = POINT.match(line)
        if point and SKIP.search(point[2]):
            skipped += 1
        elif point and point[1]:
            failed += 1
        elif point:
            passed += 1
    if test["result"] == "SKIP":
        skipped = skipped or 1
    elif test["result"] not in ("OK", "EXPECTEDFAIL"):
        failed = failed or 1
    elif not passed + failed + skipped:
        passed = 1
    return passed, failed, skipped


def show(test):
    print(f"\n{test['name']}: {test['result']}, exit status {test['returncode']}")
    lines = test.get("stdout", "").splitlines()
    shown = [line for line in lines if not line.startswith("ok ")]
    print("\n".join("  " + line for line in shown[-100:]))
    print("\n".join("  " + line for line in test.get("stderr", "").splitlines()[-40:]))


def reasons(test):
    return {line.split("#", 1)[1].strip() for line in test.get("stdout", "").splitlines()
            if SKIP.search(line)}


total = [int(number) for number in sys.argv[2:5]]
with open(sys.argv[1]) as log:
    tests = [json.loads(line) for line in log if line.strip()]
for test in sorted(tests, key=lambda test: test["name"]):
    counts = count(test)
    total = [sum(pair) for pair in zip(total, counts)]
    print(f"  {test['name'].split(' / ')[-1]:24} {counts[0]:5} passed, {counts[1]} failed, "
          f"{counts[2]} skipped  {test['duration']:6.1f} s")
    for reason in sorted(reasons(test)):
        print(f"    {reason}")
    if counts[1]:
        show(test)
print(*total)
