"""An SSH client on paramiko or asyncssh: LIBRARY ADDRESS PORT KEY [NAME=VALUE...]; runs one command."""

import asyncio
import sys

library, address, port, key = sys.argv[1:5]
options = dict(option.split("=", 1) for option in sys.argv[5:])


def call_paramiko() -> None:
    """Paramiko's transport, so that algorithms can be chosen."""
    import socket

    import paramiko

    transport = paramiko.Transport(socket.create_connection((address, int(port))))
    for name, value in options.items():
        setattr(transport.get_security_options(), name, value.split(","))
    try:
        transport.connect(username="root", pkey=paramiko.Ed25519Key.from_private_key_file(key))
        session = transport.open_session()
        session.exec_command("echo hello")
        print(session.recv(100).decode())
    except paramiko.SSHException as error:
        print("error:", error, flush=True)
    transport.close()


async def call_asyncssh() -> None:
    """asyncssh; ``known=no`` makes it refuse the server's host key."""
    import asyncssh

    known: object = None
    if options.pop("known", "") == "no":
        known = ([], [], [])
    given = {name: value.split(",") for name, value in options.items()}
    try:
        async with asyncssh.connect(
            address, int(port), username="root", client_keys=[key], known_hosts=known, **given
        ) as connection:
            print((await connection.run("echo hello")).stdout)
    except asyncssh.Error as error:
        print("error:", type(error).__name__, error, flush=True)


if library == "paramiko":
    call_paramiko()
else:
    asyncio.run(call_asyncssh())
