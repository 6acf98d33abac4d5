"""Ports for servers that have to be told one."""

import random
import socket

# Below those that the kernel hands out by itself (32768 on), so that nobody who asks for any port gets one of these.
FROM, TO = 10000, 32768


def free_port():
    """A TCP port of 127.0.0.1 that was free a moment ago. Taken by chance: several test processes run at a time."""
    while True:
        port = random.SystemRandom().randrange(FROM, TO)
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
