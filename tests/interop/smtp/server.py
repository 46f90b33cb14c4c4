"""An SMTP server of somebody else's (aiosmtpd) that takes nothing before STARTTLS and a login.

Prints its port, then each mail as a line of JSON. Arguments: the certificate's file, the key's file.
"""

import json
import socket
import ssl
import sys
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class Keeps:
    async def handle_DATA(self, server, session, envelope):
        told = {
            "tls": session.ssl is not None,
            "login": session.auth_data,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "raw": envelope.content.decode("utf-8", "replace"),
        }
        print(json.dumps(told), flush=True)
        return "250 kept"


def knows(server, session, envelope, mechanism, given):
    good = (given.login, given.password) == (b"support", b"geheim")
    return AuthResult(success=good, auth_data="support" if good else None)


certificate, key = sys.argv[1:3]
# The library asks itself whether it listens, at the port that it was given: not at 0.
with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(certificate, key)
controller = Controller(
    Keeps(),
    hostname="127.0.0.1",
    port=port,
    tls_context=context,
    require_starttls=True,
    auth_required=True,
    authenticator=knows,
)
controller.start()
print(port, flush=True)
while True:
    time.sleep(60)
