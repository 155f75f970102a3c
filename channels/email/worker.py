"""The parser process: reads mails from its standard input, writes what is in them to its standard output.

Hostile mails are its business alone. It has no secrets in its environment, a limited address space, and dies
by the kernel's hand when a mail takes more CPU than it may: not even a loop in C outlives the timer.
"""

import resource
import signal
import sys
import traceback
from typing import Any, BinaryIO

import orjson

from channels.email.authentication import verified
from channels.email.files import Attached
from channels.email.limits import MailLimits
from channels.email.lookups import Lookups
from channels.email.mime import parse_mail
from channels.email.parsed import MailRefused
from channels.email.spf import Peer
from channels.email.wire import READY, REQUEST, RESPONSE


def main(source: BinaryIO, sink: BinaryIO) -> None:
    sink.write(READY)
    sink.flush()
    while header := source.read(REQUEST.size):
        options_length, mail_length = REQUEST.unpack(header)
        options = orjson.loads(source.read(options_length))
        raw = source.read(mail_length)
        head, files = _within_limits(raw, MailLimits(**options.pop("limits")), options)
        content = b"".join(file.content for file in files)
        sink.write(RESPONSE.pack(len(head), len(content)))
        sink.write(head)
        sink.write(content)
        sink.flush()


def _within_limits(raw: bytes, limits: MailLimits, options: dict[str, Any]) -> tuple[bytes, list[Attached]]:
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, resource.RLIM_INFINITY))
    signal.setitimer(signal.ITIMER_PROF, limits.cpu_seconds_for(len(raw)))
    try:
        if "from_domain" in options:
            lookups = Lookups([(address, port) for address, port in options["dns_servers"]])
            peer = None if options["peer"] is None else Peer(**options["peer"])
            return orjson.dumps({"results": verified(raw, options["from_domain"], lookups, peer)}), []
        members, files = parse_mail(raw, limits, options["fallback_charset"])
        heads = [{**file.head, "size": len(file.content)} for file in files]
        return orjson.dumps({"mail": members, "attachments": heads}), files
    except MailRefused as refused:
        return orjson.dumps({"refused": str(refused)}), []
    except MemoryError:
        return orjson.dumps({"refused": "needs too much memory"}), []
    except Exception as error:  # the process's outer shell: a mail that finds a fault of ours is parked
        traceback.print_exc()
        return orjson.dumps({"refused": f"the parser failed: {type(error).__name__}"}), []
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service, which then closes our input.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Nobody reads any more: the service was killed.
    main(sys.stdin.buffer, sys.stdout.buffer)
