"""The service's tests, against the application in memory: `python3 tests/run.py`."""

import os
import sys
import unittest
from base64 import b64encode
from importlib import import_module
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import Mock
from wsgiref.util import setup_testing_defaults

# The build packs this tree when the tests are through; bytecode holds dates.
sys.dont_write_bytecode = True

HERE = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(HERE), str(HERE / "packages")]

OWNER = "sesame"
NOTE = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//slipway-demo//tests//EN
BEGIN:VJOURNAL
UID:first
DTSTAMP:20141008T090000Z
SUMMARY:Tide at nine
END:VJOURNAL
END:VCALENDAR
""".replace("\n", "\r\n").encode()

CONFIGURATION = """
[auth]
type = htpasswd
htpasswd_filename = {folder}/users
htpasswd_encryption = plain
delay = 0
[storage]
filesystem_folder = {folder}
[logging]
level = error
"""


class Notes(unittest.TestCase):
    """A person whose notes are kept, and others."""

    @classmethod
    def setUpClass(cls) -> None:
        folder = Path(cls.enterClassContext(TemporaryDirectory()))
        (folder / "users").write_text(f"demo:{OWNER}\n")
        (folder / "radicale.ini").write_text(CONFIGURATION.format(folder=folder))
        os.environ["RADICALE_CONFIG"] = str(folder / "radicale.ini")
        os.environ["SLIPWAY_RELEASE"] = "f" * 64
        cls.service = import_module("notes")

    def ask(self, method: str, path: str, body: bytes = b"", password: str = "") -> tuple[int, str]:
        """Status and text of an answer."""
        environ = {"REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path}
        environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        setup_testing_defaults(environ)
        if password:
            told = b64encode(f"demo:{password}".encode()).decode()
            environ["HTTP_AUTHORIZATION"] = f"Basic {told}"
        start = Mock()
        text = b"".join(self.service.application(environ, start)).decode()
        status, headers = start.call_args.args
        self.assertIn(("X-Slipway-Release", "f" * 64), headers)
        return int(status[:3]), text

    def test_the_page_shows_the_edition(self) -> None:
        status, text = self.ask("GET", "/")
        self.assertEqual(status, 200)
        self.assertRegex(text, r">Edition \d+<")
        self.assertEqual(self.ask("HEAD", "/"), (200, ""))

    def test_a_note_is_kept_for_its_owner(self) -> None:
        self.assertEqual(self.ask("MKCALENDAR", "/demo/log/", password=OWNER)[0], 201)
        self.assertEqual(self.ask("PUT", "/demo/log/first.ics", NOTE, password=OWNER)[0], 201)
        status, text = self.ask("GET", "/demo/log/first.ics", password=OWNER)
        self.assertEqual(status, 200)
        self.assertIn("SUMMARY:Tide at nine", text)

    def test_nobody_else_reads_or_writes(self) -> None:
        for password in ("", "guessed"):
            for method in ("PROPFIND", "PUT", "GET", "DELETE", "MKCALENDAR"):
                status, _ = self.ask(method, "/demo/log/first.ics", NOTE, password)
                self.assertIn(status, (401, 403), (method, password))

    def test_calendar_programs_are_sent_to_the_root(self) -> None:
        self.assertEqual(self.ask("GET", "/.well-known/caldav")[0], 301)
        self.assertEqual(self.ask("PROPFIND", "/", password=OWNER)[0], 207)


if __name__ == "__main__":
    unittest.main()
