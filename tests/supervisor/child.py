"""Stands in for processes: `child.py api` answers HTTP on its supervisor's socket, `child.py worker` waits.
With `deaf` behind it, it ignores SIGTERM."""

import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from app.child import end_with_supervisor, listen
from app.settings import Settings


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = str(Settings().database_url).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass


def answer_for_ever(settings: Settings) -> None:
    with HTTPServer(("", 0), Answer, bind_and_activate=False) as server:
        server.socket.close()
        server.socket = listen(settings)
        server.serve_forever()


if __name__ == "__main__":
    settings = Settings()
    end_with_supervisor(settings.stop_seconds)
    if "deaf" in sys.argv:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "api" in sys.argv:
        answer_for_ever(settings)
    while True:
        signal.pause()
