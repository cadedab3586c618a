"""Counts matches of a pattern in a file by `re` over `mmap`, one answer a line: see patterns.ts."""

import json
import mmap
import re
import sys
import time

with open(sys.argv[1], 'rb') as file:
    haystack = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
for line in sys.stdin:
    question = json.loads(line)
    flags = sum({'i': re.I, 'm': re.M, 's': re.S}[flag] for flag in question['flags'])
    pattern = re.compile(question['source'].encode(), flags)
    start = time.process_time()
    count = sum(1 for _ in pattern.finditer(haystack, 0, question['length']))
    print(json.dumps({'count': count, 'ms': (time.process_time() - start) * 1000}), flush=True)
