"""The CPython half of bulk.ts: a loop of find over Python's own mmap.

Called with the path of a file. Each line of standard input is a request, {"needle": latin-1 text};
each line of standard output its answer, {"ms": processor time, "count": matches, "sum": of their offsets}.
"""

import json
import mmap
import sys
import time

FILE = open(sys.argv[1], "rb")
M = mmap.mmap(FILE.fileno(), 0, access=mmap.ACCESS_READ)


def find_all(needle):
    count = total = 0
    size = len(needle)
    find = M.find
    at = find(needle, 0)
    while at >= 0:
        count += 1
        total += at
        at = find(needle, at + size)
    return count, total


for line in sys.stdin:
    needle = json.loads(line)["needle"].encode("latin-1")
    start = time.process_time()
    count, total = find_all(needle)
    ms = (time.process_time() - start) * 1000
    print(json.dumps({"ms": ms, "count": count, "sum": total}), flush=True)
