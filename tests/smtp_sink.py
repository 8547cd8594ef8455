#!/usr/bin/python3
"""A mail server for tests: aiosmtpd, which keeps what it takes, and misbehaves when told to.

It speaks TLS as asked, with a certificate for localhost that it has made, and lets in whom it is told. Each line of standard
input is a command, an object with one key, and is answered with a line; the first line says where it listens. It ends with its
standard input.
"""

import argparse
import asyncio
import email
import email.policy
import functools
import json
import logging
import ssl
import subprocess
import sys
import tempfile
import warnings
from collections import deque
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult


class Conversation(SMTP):
    """One connection."""

    def __init__(self, sink, **settings):
        super().__init__(sink, hostname="sink.example", **settings)
        self.sink = sink

    async def _handle_client(self):
        self.sink.greeted += 1
        self.sink.conversations.add(self)
        try:
            if self.sink.answer is None:
                await super()._handle_client()
            else:
                await self.push(self.sink.answer)
                self.transport.close()
        finally:
            self.sink.conversations.discard(self)


class Sink:
    """What is kept, and what is to go wrong. Its coroutines are the commands, and what aiosmtpd asks at each step."""

    def __init__(self, tls, user):
        self._mails, self._apart, self._script, self._refused, self._user = [], [], deque(), set(), user
        self.answer, self.greeted, self.conversations = None, 0, set()
        self._port, self._listener, self._at_once, self.certificate = 0, None, None, None
        self._settings = {}
        if tls:
            self._folder = tempfile.TemporaryDirectory(prefix="rekey-sink-")
            context = self._certified(Path(self._folder.name))
            if tls == "implicit":
                self._at_once = context
            else:
                self._settings = {"tls_context": context, "require_starttls": True}
        if user:
            # aiosmtpd knows only of TLS that it began itself.
            required = {"auth_required": True, "auth_require_tls": tls != "implicit"}
            self._settings |= {"authenticator": self._authenticate} | required

    def _certified(self, folder):
        key, self.certificate = folder / "key.pem", folder / "certificate.pem"
        extensions = ["subjectAltName=DNS:localhost", "basicConstraints=critical,CA:FALSE"]
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "2"]
            + ["-subj", "/CN=localhost", "-keyout", key, "-out", self.certificate]
            + [word for extension in extensions for word in ("-addext", extension)],
            check=True,
            capture_output=True,
        )
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, key)
        return context

    def _authenticate(self, server, session, envelope, mechanism, data):
        given = f"{data.login.decode()}:{data.password.decode()}"
        return AuthResult(success=given == self._user, handled=False)

    async def listen(self, _=None):
        """Opens, on the port that it had before."""
        loop = asyncio.get_running_loop()
        make = functools.partial(Conversation, self, loop=loop, **self._settings)
        self._listener = await loop.create_server(make, "127.0.0.1", self._port, ssl=self._at_once)
        self._port = self._listener.sockets[0].getsockname()[1]
        return {"port": self._port, "certificate": self.certificate and str(self.certificate)}

    async def vanish(self, _):
        """Refuses whoever connects, and ends what was being said."""
        self._listener.close()
        for conversation in list(self.conversations):
            if conversation.transport:
                conversation.transport.abort()
        await self._listener.wait_closed()

    async def script(self, acts):
        """What to do with the next mails, one after the other. Without a script, every mail is taken."""
        self._script.extend(act if isinstance(act, dict) else {act: None} for act in acts)

    async def refuse(self, addresses):
        """Whose mails are refused for good from now on."""
        self._refused = set(addresses)

    async def close_with(self, answer):
        """Greets nobody any more but with this; null opens again."""
        self.answer = answer

    async def counts(self, _):
        """How many connections were opened, and how much of the script is still to come."""
        return {"greeted": self.greeted, "unplayed": len(self._script)}

    async def arrived(self, since):
        """The mails from this number on, as their reader's program takes them apart."""
        for mail in self._mails[len(self._apart) :]:
            self._apart.append(taken_apart(*mail))
        return self._apart[since:]

    async def handle_MAIL(self, server, session, envelope, address, options):
        envelope.act = self._script.popleft() if self._script else {}
        if "refuse_sender" in envelope.act:
            return envelope.act["refuse_sender"]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 ok"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if "refuse_recipient" in envelope.act:
            return envelope.act["refuse_recipient"]
        if "fall_silent" in envelope.act:
            await asyncio.Event().wait()
        if address in self._refused:
            return "550 5.1.1 No mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        if "refuse_content" in envelope.act:
            return envelope.act["refuse_content"]
        if "hang_up" not in envelope.act:
            self._mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        if "hang_up" in envelope.act or "take_and_hang_up" in envelope.act:
            server.transport.abort()
        return "250 taken"


def taken_apart(sender, recipients, content):
    message = email.message_from_bytes(content, policy=email.policy.default)
    # What can be shown best stands last (RFC 2046, 5.1.4).
    parts = list(message.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"], parts
    text, html = (part.get_content().replace("\r\n", "\n") for part in parts)
    heads = [(name, str(value)) for name, value in message.items()]
    return {"from": sender, "to": ", ".join(recipients), "heads": heads, "text": text, "html": html}


async def main():
    # It tells of settings and of conversations that end badly: both are wanted here.
    logging.disable()
    warnings.simplefilter("ignore")
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tls", choices=["starttls", "implicit"])
    options.add_argument("--user", metavar="NAME:PASSWORD")
    sink = Sink(**vars(options.parse_args()))
    commands = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    print(json.dumps(await sink.listen()), flush=True)
    while line := await commands.readline():
        [(command, argument)] = json.loads(line).items()
        print(json.dumps(await getattr(sink, command)(argument)), flush=True)


asyncio.run(main())
