"""Gives the answers of CPython's mmap to sequences of calls, for oracle.spec.ts.

A case is [kind, content, steps], a step [name, arguments]. An argument is null for None, a number, {"bytes": text},
{"number": digits} for one that JSON would change, {"float": x}, {"str": x}, {"bool": x} or {"list": []}.
An answer is [value] or [error's class, message]; bytes are text of one character a byte.
"""

import json
import mmap
import os

ACCESS = {"default": mmap.ACCESS_DEFAULT, "read": mmap.ACCESS_READ, "write": mmap.ACCESS_WRITE, "copy": mmap.ACCESS_COPY}
PATH = "/tmp/oracle"


def value(argument):
    if not isinstance(argument, dict):
        return argument
    [(kind, held)] = argument.items()
    if kind == "bytes":
        return held.encode("latin-1")
    if kind == "number":
        return int(held)
    return held


def shown(result):
    return result.decode("latin-1") if isinstance(result, bytes) else result


def call(m, name, arguments):
    if name == "get":
        return m[arguments[0]]
    if name == "set":
        m[arguments[0]] = arguments[1]
        return None
    if name == "slice":
        return m[slice(*(arguments + [None] * 3)[:3])]
    if name == "setSlice":
        m[slice(*(arguments[1:] + [None] * 3)[:3])] = arguments[0]
        return None
    if name == "length":
        return len(m)
    if name == "closed":
        return m.closed
    if name == "iterate":
        return [b[0] for b in m]
    if name == "content":
        return m[:]
    return getattr(m, name)(*arguments)


def made(kind, content):
    if kind == "anonymous":
        m = mmap.mmap(-1, len(content))
        m[:] = content
        return m
    if kind == "untracked":
        m = mmap.mmap(-1, len(content), trackfd=False)
        m[:] = content
        return m
    with open(PATH, "wb") as file:
        file.write(content)
    with open(PATH, "r+b") as file:
        return mmap.mmap(file.fileno(), 0, access=ACCESS[kind])


def answer(kind, content, steps):
    m = made(kind, content.encode("latin-1"))
    answers = []
    for name, arguments in steps:
        try:
            answers.append([shown(call(m, name, [value(a) for a in arguments]))])
        except Exception as error:
            answers.append([type(error).__name__, str(error)])
    m.close()
    return answers


def constructed(content, anonymous, length, options):
    """The repr of a map, or the error of its constructor."""
    with open(PATH, "wb") as file:
        file.write(content.encode("latin-1"))
    with open(PATH, "r+b") as file:
        try:
            fd = -1 if anonymous else file.fileno()
            with mmap.mmap(fd, value(length), **{name: value(one) for name, one in options.items()}) as m:
                return [repr(m).replace("mmap.mmap", "fmmap.Mmap").replace("closed=False", "closed=false")]
        except Exception as error:
            return [type(error).__name__, str(error)]


def construct(cases):
    return json.dumps([constructed(*case) for case in json.loads(cases)])


def run(cases):
    return json.dumps([answer(*case) for case in json.loads(cases)])
