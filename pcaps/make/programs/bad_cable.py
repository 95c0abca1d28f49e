"""One end of a cable that loses, repeats and reorders IP packets: NAME ADDRESS SOCKET SEED LOSS REPEAT REORDER.

Makes a TUN device in its own namespace and passes packets to the other end over an inherited socket.
The three probabilities apply to what this end sends. The seed makes the choices repeatable, not the
timing, so no two captures are equal octet for octet.
"""

import fcntl
import os
import random
import select
import socket
import struct
import subprocess
import sys

TUNSETIFF, TUN_WITHOUT_HEADER = 0x400454CA, 0x1001
PATIENCE = 0.02

name, address, descriptor, seed, loss, repeat, reorder = sys.argv[1:8]
chance = random.Random(f"{seed}{name}")  # noqa: S311 - disorder, not secrecy
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", name.encode(), TUN_WITHOUT_HEADER))
for argv in (["address", "add", f"{address}/24", "dev", name], ["link", "set", name, "mtu", "1500", "up"]):
    subprocess.run(["ip", *argv], check=True)
other = socket.socket(fileno=int(descriptor))
print("ready", flush=True)

held: list[bytes] = []
while True:
    ready, _, _ = select.select([tun, other], [], [], PATIENCE if held else None)
    if other in ready:
        os.write(tun, other.recv(2048))
    if tun in ready:
        packet = os.read(tun, 2048)
        if chance.random() < float(loss):
            continue
        if not held and chance.random() < float(reorder):
            held.append(packet)
            continue
        other.send(packet)
        if chance.random() < float(repeat):
            other.send(packet)
    for late in held:
        other.send(late)
    held.clear()
