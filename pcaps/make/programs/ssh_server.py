"""An SSH server on paramiko or asyncssh: LIBRARY PORT HOSTKEY AUTHORIZED [NAME=VALUE...]; echoes one command."""

import asyncio
import socket
import sys
import threading

library, port, host_key, authorized = sys.argv[1:5]
options = dict(option.split("=", 1) for option in sys.argv[5:])


def serve_paramiko() -> None:
    """One connection."""
    import paramiko

    class Guest(paramiko.ServerInterface):
        def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
            return paramiko.AUTH_SUCCESSFUL

        def get_allowed_auths(self, username: str) -> str:
            return "publickey"

        def check_channel_request(self, kind: str, chanid: int) -> int:
            return paramiko.OPEN_SUCCEEDED

        def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
            threading.Timer(0.1, self.answer, [channel]).start()
            return True

        def answer(self, channel: paramiko.Channel) -> None:
            channel.send(b"hello\n")
            channel.send_exit_status(0)
            channel.close()

    with socket.create_server(("", int(port))) as listener:
        accepted, _ = listener.accept()
    transport = paramiko.Transport(accepted)
    for name, value in options.items():
        setattr(transport.get_security_options(), name, value.split(","))
    transport.add_server_key(paramiko.Ed25519Key.from_private_key_file(host_key))
    try:
        transport.start_server(server=Guest())
        transport.join(20)
    except paramiko.SSHException as error:
        print("error:", error, flush=True)


async def serve_asyncssh() -> None:
    """Any number of connections."""
    import asyncssh

    given = {name: value.split(",") for name, value in options.items()}

    async def handle(process: asyncssh.SSHServerProcess) -> None:
        process.stdout.write("hello\n")
        process.exit(0)

    await asyncssh.listen(
        "", int(port), server_host_keys=[host_key], authorized_client_keys=authorized, process_factory=handle, **given
    )
    await asyncio.sleep(60)


if library == "paramiko":
    serve_paramiko()
else:
    asyncio.run(serve_asyncssh())
