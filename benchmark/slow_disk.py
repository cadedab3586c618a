"""A folder with one file, `cold`, whose bytes come as slowly as those of a disk: for bench:cold.

    python3 benchmark/slow_disk.py FOLDER MEBIBYTES BYTES_PER_SECOND [held]

It speaks the protocol of /dev/fuse itself, as far as one file needs it, so it needs nothing but the right to mount. It
prints `ready` once the file can be read, or why it can not, and goes on until its input ends. A disk that is `held`
prints `asked` when somebody wants the first bytes, and gives them once a line has come. If none comes for a minute, it
prints `in vain` and gives them.
"""

import ctypes
import errno
import os
import random
import struct
import sys
import threading
import time

FOLDER, SIZE, RATE = sys.argv[1], int(sys.argv[2]) << 20, float(sys.argv[3])
HELD = sys.argv[4:] == ["held"]
NAME = b"cold\0"
ROOT, FILE = 1, 2
MNT_DETACH = 2

LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE = 1, 2, 3, 14, 15, 17, 18
FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR, ACCESS, DESTROY, BATCH_FORGET = 25, 26, 27, 28, 29, 34, 38, 42
SILENT = (FORGET, BATCH_FORGET)
DONE = (RELEASE, FLUSH, RELEASEDIR, ACCESS, DESTROY)

# FUSE_ASYNC_READ, FUSE_BIG_WRITES and FUSE_MAX_PAGES: reads of a mebibyte, several at once.
FLAGS = 1 | 1 << 5 | 1 << 22
PAGES = 256

BLOCK = random.Random(1).randbytes(1 << 20) * 2


def attributes(node):
    mode, size, links = (0o40755, 0, 2) if node == ROOT else (0o100644, SIZE, 1)
    made = 1_700_000_000
    return struct.pack(
        "<6Q10I", node, size, (size + 511) // 512, made, made, made, 0, 0, 0, mode, links, 0, 0, 0, 4096, 0
    )


class Disk:
    """Answers one read after another, at its rate."""

    def __init__(self):
        self.free = time.monotonic()
        self.asked = False
        self.let = threading.Event()

    def wait(self):
        """Waits before the first bytes until they may be given."""
        self.asked = True
        print("asked", flush=True)
        if not self.let.wait(60):
            print("in vain", flush=True)

    def read(self, offset, size):
        if HELD and not self.asked:
            self.wait()
        size = max(0, min(size, SIZE - offset))
        # Who asks again at once finds that the disk has gone on meanwhile, as one that reads ahead.
        self.free = max(self.free, time.monotonic() - 0.05) + size / RATE
        time.sleep(max(0, self.free - time.monotonic()))
        start = offset % (1 << 20)
        return BLOCK[start : start + size]


def answer(disk, operation, node, body):
    """The body of an answer, or the number of an error."""
    if operation == INIT:
        major, minor, readahead, flags = struct.unpack_from("<4I", body)
        return struct.pack(
            "<4I2H2I2H8I", 7, min(minor, 31), readahead, flags & FLAGS, 16, 12, 1 << 20, 1, PAGES, 0, *[0] * 8
        )
    if operation == LOOKUP:
        if node != ROOT or body != NAME:
            return errno.ENOENT
        return struct.pack("<4Q2I", FILE, 0, 3600, 3600, 0, 0) + attributes(FILE)
    if operation == GETATTR:
        return struct.pack("<Q2I", 3600, 0, 0) + attributes(node)
    if operation in (OPEN, OPENDIR):
        # FOPEN_KEEP_CACHE: what was read stays in the page cache.
        return struct.pack("<Q2I", 1, 2, 0)
    if operation == READ:
        offset, size = struct.unpack_from("<8xQI", body)
        return disk.read(offset, size)
    if operation == READDIR:
        return b""
    if operation == STATFS:
        return struct.pack("<5Q4I24x", 1 << 20, 0, 0, 1, 0, 4096, 255, 4096, 0)
    return b"" if operation in DONE else errno.ENOSYS


def serve(device, disk):
    while True:
        try:
            request = os.read(device, 1 << 21)
        except InterruptedError:
            continue
        except OSError:
            # The folder is no longer mounted.
            return
        operation, unique, node = struct.unpack_from("<4xIQQ", request)
        body = answer(disk, operation, node, request[40:])
        if operation in SILENT:
            continue
        error, body = (-body, b"") if isinstance(body, int) else (0, body)
        try:
            os.write(device, struct.pack("<IiQ", 16 + len(body), error, unique) + body)
        except OSError:
            # Whoever asked does not wait any more.
            pass


def main():
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        device = os.open("/dev/fuse", os.O_RDWR)
    except OSError as error:
        print(f"/dev/fuse: {error.strerror}", flush=True)
        return
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()
    if libc.mount(b"fmmap", os.fsencode(FOLDER), b"fuse", 0, options) != 0:
        print(f"mount: {os.strerror(ctypes.get_errno())}", flush=True)
        return
    disk = Disk()
    threading.Thread(target=serve, args=(device, disk), daemon=True).start()
    try:
        print("ready", flush=True)
        for _ in sys.stdin:
            disk.let.set()
    finally:
        libc.umount2(os.fsencode(FOLDER), MNT_DETACH)


main()
