"""Runs seeded cases on CPython's own mmap and stores its answers as data.

    node __test__/golden/generate.mjs            every topic but resize, by CPython 3.15 in pyodide
    python3 __test__/golden/generate.py resize   resize, by a CPython of Linux: WebAssembly has no mremap

writes one JSON file a topic beside this script; golden.spec.ts replays them. A step whose answer is WebAssembly's
and not Linux's is left out: msync knows only the start of a map there, and madvise takes any start. Numbers fit into 32 bits, as WebAssembly's do.

Format: a file is {"python": version, "cases": [...]}. A case is [setup, steps]; a step is [call, arguments, answer].
  setup      ["file" | "shared" | "private" | "copy" | "read", content] or [..., [pages, bytes]] for that many zeros
  bytes      a string, one character a byte (latin-1); null stands for an argument that is left out
  number     itself, or [pages, bytes] where the answer depends on the page size: pages * PAGESIZE + bytes
  answer     the result; {"error": class, "message": text} or {"error": "OSError", "errno": name}
"""

import errno
import json
import mmap
import os
import random
import sys
import tempfile
import zlib

PAGE = mmap.PAGESIZE


def text(data):
    return data.decode("latin-1")


def number(value):
    """Turns [pages, bytes] into the number it stands for."""
    return value[0] * PAGE + value[1] if isinstance(value, list) else value


class Mapped:
    """One map, its file if it has one, and the translation of steps into calls."""

    def __init__(self, setup):
        kind, content = setup
        data = bytes(number(content)) if isinstance(content, list) else content.encode("latin-1")
        self.path = None
        if kind in ("shared", "private"):
            flags = mmap.MAP_SHARED if kind == "shared" else mmap.MAP_PRIVATE
            self.map = mmap.mmap(-1, len(data), flags=flags | mmap.MAP_ANONYMOUS)
            self.map[:] = data
        else:
            handle, self.path = tempfile.mkstemp(prefix="fmmap-golden-")
            os.write(handle, data)
            access = {"file": mmap.ACCESS_WRITE, "copy": mmap.ACCESS_COPY, "read": mmap.ACCESS_READ}[kind]
            self.map = mmap.mmap(handle, len(data), access=access)
            os.close(handle)

    def close(self):
        self.map.close()
        if self.path:
            os.unlink(self.path)

    def run(self, call, arguments):
        values = [number(a) for a in arguments]
        values = [v.encode("latin-1") if isinstance(v, str) and call != "madvise" else v for v in values]
        while call == "flush" and values and values[-1] is None:
            values.pop()
        try:
            return self.answer(call, values)
        except OSError as error:
            return {"error": "OSError", "errno": errno.errorcode[error.errno]}
        except (ValueError, IndexError, OverflowError, TypeError) as error:
            return {"error": type(error).__name__, "message": str(error)}

    def answer(self, call, values):
        if call == "slice":
            return text(self.map[slice(*(values + [None] * 3)[:3])])
        if call == "setSlice":
            self.map[slice(*(values[1:] + [None] * 3)[:3])] = values[0]
            return text(self.map[:])
        if call == "get":
            return self.map[values[0]]
        if call == "set":
            self.map[values[0]] = values[1]
            return text(self.map[:])
        if call == "content":
            return text(self.map[:])
        if call == "checksum":
            return zlib.crc32(self.map[:])
        if call == "length":
            return len(self.map)
        if call == "fileSize":
            return os.stat(self.path).st_size
        if call == "madvise":
            return self.map.madvise(getattr(mmap, values[0]), *values[1:])
        result = getattr(self.map, call)(*values)
        return text(result) if isinstance(result, bytes) else result


def failed(answer, name):
    return isinstance(answer, dict) and answer["error"] == name


# Whether an answer is Linux's as well.
LINUX = {
    "flush": lambda arguments, answer: not failed(answer, "OSError"),
    "madvise": lambda arguments, answer: failed(answer, "ValueError") or len(arguments) < 2 or number(arguments[1]) % PAGE == 0,
}


def case(setup, calls, kept=lambda arguments, answer: True):
    mapped = Mapped(setup)
    try:
        steps = [[call, arguments, mapped.run(call, arguments)] for call, *arguments in calls]
        return [setup, [step for step in steps if kept(step[1], step[2])]]
    finally:
        mapped.close()


def haystack(rng, longest=48):
    alphabet = rng.choice(["a", "ab", "abc", "a\0", "\x00\xff", "abcdefgh\n", "\x7f\x80\xff"])
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(1, longest)))


def needle(rng, hay):
    choice = rng.random()
    if choice < 0.08:
        return ""
    start = rng.randrange(len(hay))
    piece = hay[start : start + rng.randint(1, 9)]
    if choice < 0.6:
        return piece
    if choice < 0.8:
        return piece + rng.choice("abx\0")
    return "".join(rng.choice("ab\0\xffx") for _ in range(rng.randint(1, 6)))


def bound(rng, length):
    choice = rng.random()
    if choice < 0.06:
        return rng.choice([-(2**31), 2**31 - 1, -(2**31) + 1, 2**30])
    return rng.randint(-length - 3, length + 3)


def search(rng):
    cases = []
    for _ in range(450):
        hay = haystack(rng)
        if rng.random() < 0.1:
            # A needle that straddles a page, and one that ends with the mapping's last byte.
            hay = "ab" * (4096 // 2 - 2) + hay
        calls = []
        for _ in range(6):
            if rng.random() < 0.3:
                calls.append(["seek", rng.randint(0, len(hay))])
            sub = needle(rng, hay[-48:])
            name = rng.choice(["find", "rfind"])
            shape = rng.random()
            if shape < 0.15:
                calls.append([name, sub])
            elif shape < 0.2:
                calls.append([name, sub, None])
            elif shape < 0.25:
                calls.append([name, sub, None, None])
            elif shape < 0.3:
                calls.append([name, sub, bound(rng, len(hay)), None])
            elif shape < 0.4:
                calls.append([name, sub, bound(rng, len(hay))])
            else:
                calls.append([name, sub, bound(rng, len(hay)), bound(rng, len(hay))])
            if rng.random() < 0.1:
                calls.append(["tell"])
        cases.append(case([rng.choice(["file", "read", "shared"]), hay], calls))
    return cases


def slice_bounds(rng, length):
    bounds = [None if rng.random() < 0.2 else bound(rng, length) for _ in range(2)]
    step = rng.choice([None, None, 1, 1, 2, 3, -1, -1, -2, -3, 7, -7, 0, 2**31 - 1, -(2**31)])
    return bounds + [step]


def slices(rng):
    cases = []
    for _ in range(160):
        hay = haystack(rng, 24)
        calls = []
        for _ in range(4):
            calls.append(["slice", *slice_bounds(rng, len(hay))])
            calls.append(["get", bound(rng, len(hay))])
        cases.append(case([rng.choice(["file", "read", "copy", "private"]), hay], calls))
    for _ in range(160):
        hay = haystack(rng, 20)
        calls = []
        for _ in range(4):
            bounds = slice_bounds(rng, len(hay))
            try:
                fitting = len(range(*slice(*bounds).indices(len(hay))))
            except ValueError:
                fitting = 1
            length = fitting if rng.random() < 0.75 else max(0, fitting + rng.choice([-1, 1]))
            value = "".join(chr(rng.randrange(256)) for _ in range(length))
            calls.append(["setSlice", value, *bounds])
            if rng.random() < 0.5:
                calls.append(["set", bound(rng, len(hay)), rng.choice([0, 1, 127, 128, 255, 255, 256, -1])])
        cases.append(case([rng.choice(["file", "copy", "shared", "private"]), hay], calls))
    return cases


def move(rng):
    cases = []
    for _ in range(120):
        length = rng.randint(1, 20)
        hay = "".join(chr(97 + i) for i in range(length))
        calls = []
        for _ in range(4):
            dest, src = rng.randint(-1, length + 1), rng.randint(-1, length + 1)
            count = rng.randint(-1, length + 1) if rng.random() < 0.4 else rng.randint(0, max(0, length - max(dest, src)))
            calls += [["move", dest, src, count], ["content"]]
        cases.append(case([rng.choice(["file", "copy", "shared"]), hay], calls))
    return cases


def position(rng):
    cases = []
    for _ in range(220):
        hay = haystack(rng, 24)
        calls = []
        for _ in range(10):
            choice = rng.random()
            if choice < 0.25:
                calls.append(["seek", rng.randint(-len(hay) - 2, len(hay) + 2), rng.choice([0, 0, 1, 1, 2, 2, 3, -1])])
            elif choice < 0.33:
                calls.append(["seek", rng.randint(-2, len(hay) + 2)])
            elif choice < 0.55:
                calls.append(["read", rng.choice([None, -1, 0, 1, 2, 3, 5, 100, -7, 2**31 - 1])])
            elif choice < 0.65:
                calls.append(["readline"])
            elif choice < 0.75:
                calls.append(["read_byte"])
            elif choice < 0.88:
                calls.append(["write", "".join(chr(rng.randrange(256)) for _ in range(rng.choice([0, 1, 2, 3, 9])))])
            else:
                calls.append(["write_byte", rng.choice([0, 10, 65, 128, 255, 256, -1])])
            if rng.random() < 0.3:
                calls.append([rng.choice(["tell", "size", "length"])])
        calls.append(["content"])
        cases.append(case([rng.choice(["file", "copy", "private", "shared"]), hay], calls))
    return cases


def resize(rng):
    cases = []
    for _ in range(90):
        kind = rng.choice(["file", "file", "private"])
        setup = [kind, haystack(rng, 30)]
        if rng.random() < 0.4:
            setup = [kind, [rng.randint(1, 4), rng.randint(0, 9)]]
        calls = []
        for _ in range(4):
            if rng.random() < 0.5:
                calls.append(["seek", rng.randint(0, 20), rng.choice([0, 1])])
                calls.append(["write", "xyz"])
            size = [rng.randint(0, 5), rng.randint(1, 40)] if rng.random() < 0.7 else rng.choice([1, 2, 17, 40, -1, -4096])
            calls += [["resize", size], ["length"], ["tell"], ["read", 5], ["checksum"]]
            if kind == "file":
                calls += [["fileSize"], ["size"]]
        # The length and the checksum of a map of pages depend on the page size: keep them for byte sizes only.
        small = all(not isinstance(a, list) for _, *arguments in calls for a in arguments) and isinstance(setup[1], str)
        if not small:
            calls = [c for c in calls if c[0] not in ("length", "checksum", "fileSize", "size")]
        cases.append(case(setup, calls))
    for _ in range(60):
        setup = [rng.choice(["file", "private"]), haystack(rng, 30)]
        calls = []
        for _ in range(4):
            calls += [["resize", rng.choice([1, 2, 5, 17, 29, 40, 64, -1])], ["length"], ["tell"], ["content"], ["seek", 1, 1]]
            if setup[0] == "file":
                calls += [["fileSize"], ["size"]]
        cases.append(case(setup, calls))
    for kind in ("copy", "read"):
        cases.append(case([kind, "content"], [["resize", size] for size in (1, 7, 8, -1)]))
    return cases


def pages(rng, total):
    return [rng.randint(0, total + 1), rng.choice([0, 0, 0, 1, -1])]


def flush(rng):
    cases = []
    for _ in range(110):
        kind = rng.choice(["file", "file", "shared", "private", "read", "copy"])
        total = rng.randint(1, 4)
        calls = [["flush"]]
        for _ in range(4):
            offset, size = pages(rng, total), pages(rng, total)
            calls.append(rng.choice([["flush", offset, size], ["flush", offset, -1], ["flush", offset], ["flush", 0, size]]))
        cases.append(case([kind, [total, 0]], calls, LINUX["flush"]))
    return cases


def madvise(rng):
    cases = []
    advice = ["MADV_NORMAL", "MADV_RANDOM", "MADV_SEQUENTIAL", "MADV_WILLNEED"]
    for _ in range(110):
        kind = rng.choice(["file", "shared", "private", "read", "copy"])
        total = rng.randint(1, 4)
        calls = []
        for _ in range(5):
            start, length = pages(rng, total), pages(rng, total)
            arguments = rng.choice([[], [start], [start, length], [start, None], [start, -1]])
            calls.append(["madvise", rng.choice(advice), *arguments])
        cases.append(case([kind, [total, 0]], calls, LINUX["madvise"]))
    return cases


TOPICS = {topic.__name__: topic for topic in (search, slices, move, position, resize, flush, madvise)}


def answers(name):
    """The text of a topic's file."""
    cases = TOPICS[name](random.Random(f"fmmap {name}"))
    lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in cases)
    return f'{{"python":"{sys.version.split()[0]}","cases":[\n{lines}\n]}}\n'


if __name__ == "__main__" and "pyodide" not in sys.modules:
    for name in sys.argv[1:]:
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}.json"), "w", encoding="ascii") as file:
            file.write(answers(name))
