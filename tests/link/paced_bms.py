"""A stand-in for a BMS in a process of its own: answers each request on a descriptor at 115200 baud, in chunks.

Usage: paced_bms.py DESCRIPTOR SIZE CHUNK. Prints the monotonic time of the last byte of each reply.
"""

import os
import sys
import time

port, size, chunk = map(int, sys.argv[1:])
while os.read(port, 4096):
    begin = time.monotonic() + 0.0005
    for sent in range(0, size, chunk):
        last = min(sent + chunk, size)
        time.sleep(max(0.0, begin + last * 10 / 115200 - time.monotonic()))
        now = time.monotonic()
        os.write(port, bytes(last - sent))
    print(now, flush=True)
