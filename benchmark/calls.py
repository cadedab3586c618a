"""The CPython half of calls.ts: the same operations on Python's own mmap.

Called with the path of a file that it may write. Each line of standard input is a request,
{"op": name, "rounds": n}; each line of standard output its answer,
{"ns": time of all rounds, "calls": number of calls, "last": what the last call returned}.
{"op": "contents"} asks for the SHA-256 of the mapped bytes.
"""

import hashlib
import json
import mmap
import sys
import time

FILE = open(sys.argv[1], "r+b")
M = mmap.mmap(FILE.fileno(), 0)

# name: (calls a round, what comes before a round, the call). A call that moves the position starts
# each round from a known one; `i` counts the calls of a round.
OPERATIONS = {
    "get": (1000, "", "last = m[i]"),
    "set": (1000, "last = None", "m[i] = 46"),
    "readByte": (1000, "m.seek(0)", "last = m.read_byte()"),
    "writeByte": (1000, "m.seek(0); last = None", "m.write_byte(46)"),
    "tell": (1000, "m.seek(7)", "last = m.tell()"),
    "seek": (1000, "last = None", "m.seek(i)"),
    "read(64)": (1000, "m.seek(4096)", "last = m.read(64)"),
    "read(64 KiB)": (100, "m.seek(4096)", "last = m.read(65536)"),
    "readline ~128 B": (1000, "m.seek(4096)", "last = m.readline()"),
    "slice(16)": (1000, "", "last = m[i:i + 16]"),
    "setSlice(16)": (1000, "last = None", "m[i:i + 16] = bytes16"),
    "write(64)": (1000, "m.seek(0)", "last = m.write(bytes64)"),
    "find in 64 B": (1000, "", "last = m.find(needle, 4096, 4160)"),
    "find in 1 KiB": (1000, "", "last = m.find(needle, 4096, 5120)"),
    "find a string in 64 B": (1000, "", "last = m.find(needle, 4096, 4160)"),
    "find the next newline": (1000, "last = 4095", "last = m.find(newline, last + 1)"),
    "rfind in 64 B": (1000, "", "last = m.rfind(needle, 4096, 4160)"),
    "rfind in 1 KiB": (1000, "", "last = m.rfind(needle, 4096, 5120)"),
    "move(64)": (1000, "last = None", "m.move(i, 2048, 64)"),
    "flush a page": (10, "last = None", "m.flush(0, page)"),
    "madvise a page": (100, "last = None", "m.madvise(normal, 0, page)"),
    "size": (1000, "", "last = m.size()"),
}

TEMPLATE = """
def run(rounds):
    for _ in range(rounds):
        {before}
        for i in range({calls}):
            {call}
    return last
"""


def compiled(calls, before, call):
    """The loop around one operation; what it uses are globals, as in calls.ts."""
    source = TEMPLATE.format(before=before or "pass", calls=calls, call=call)
    scope = {
        "m": M,
        "needle": b"\x00absent\x00",
        "newline": b"\n",
        "bytes16": b"0123456789abcdef",
        "bytes64": b"0123456789abcdef" * 4,
        "page": mmap.PAGESIZE,
        "normal": getattr(mmap, "MADV_NORMAL", 0),
    }
    # Fast locals, as a program has them that cares about its loop.
    names = ", ".join(f"{name}={name}" for name in scope)
    exec(source.replace("def run(rounds)", f"def run(rounds, {names})"), scope)
    return scope["run"]


RUNS = {name: (op[0], compiled(*op)) for name, op in OPERATIONS.items()}

for line in sys.stdin:
    request = json.loads(line)
    if request["op"] == "contents":
        reply = {"last": hashlib.sha256(M).hexdigest()}
    else:
        calls, run = RUNS[request["op"]]
        start = time.perf_counter_ns()
        last = run(request["rounds"])
        ns = time.perf_counter_ns() - start
        if isinstance(last, bytes):
            last = last.decode("latin-1")
        reply = {"ns": ns, "calls": calls * request["rounds"], "last": last}
    print(json.dumps(reply), flush=True)
