"""The Python half of rivals.ts: find and rfind of a module that maps files, CPython's mmap or PyPI's fmmap.

Called with the module's name. Each line of standard input is a request, {"file", "needle": hex, "reverse", "calls"};
each line of standard output its answer, {"ms": processor time of all calls, "at": the offset}.
"""

import importlib
import json
import sys
import time

MODULE = importlib.import_module(sys.argv[1])
MAPS = {}


def mapped(path):
    if path not in MAPS:
        MAPS.clear()
        with open(path, "rb") as file:
            MAPS[path] = MODULE.mmap(file.fileno(), 0, access=MODULE.ACCESS_READ)
        # The pages are mapped before anything is timed.
        MAPS[path].find(b"\x00\xff\x01\xfe", 0)
    return MAPS[path]


def repeat(search, needle, calls):
    at = -1
    for _ in range(calls):
        at = search(needle, 0)
    return at


for line in sys.stdin:
    request = json.loads(line)
    m = mapped(request["file"])
    needle = bytes.fromhex(request["needle"])
    search = m.rfind if request["reverse"] else m.find
    start = time.process_time_ns()
    at = repeat(search, needle, request["calls"])
    ms = (time.process_time_ns() - start) / 1e6
    print(json.dumps({"ms": ms, "at": at}), flush=True)
