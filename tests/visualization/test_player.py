"""The page in a headless Chromium: it plays, steps by keyboard, and logs no error.

Chromium is driven over its own pipe (the DevTools protocol, one JSON object after another), so
that nothing but the browser has to be installed.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kerasseq.typing import Trace
from kerasseq.visualization import animation_frames, save_animation

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
PATIENCE = 60.0  # seconds
FRAMES = 14  # of the trace of conftest.py
pytestmark = pytest.mark.slow


class Browser:
    """A page in a headless Chromium."""

    def __init__(self, program: str, profile: Path) -> None:
        commands, self._commands = os.pipe()
        self._answers, answers = os.pipe()
        redirect = f'exec "$@" 3<&{commands} 4>&{answers}'
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"]
        self.process = subprocess.Popen(
            ["bash", "-c", redirect, "bash", program, *flags, f"--user-data-dir={profile}"],
            pass_fds=(commands, answers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(answers)
        self._unread = b""
        self._count = 0
        self._session: dict[str, str] = {}
        self.events: list[dict[str, Any]] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        for domain in ("Runtime", "Log", "Page", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> Any:
        """Sends a command and returns its result; what else arrives are events."""
        self._count += 1
        command = {"id": self._count, "method": method, "params": parameters, **self._session}
        os.write(self._commands, json.dumps(command).encode() + b"\0")
        while True:
            message = self._receive()
            if message.get("id") == self._count:
                assert "error" not in message, message
                return message["result"]
            self.events.append(message)

    def _receive(self) -> Any:
        while b"\0" not in self._unread:
            received = os.read(self._answers, 2**16)
            assert received, "Chromium has ended"
            self._unread += received
        message, self._unread = self._unread.split(b"\0", 1)
        return json.loads(message)

    def value(self, expression: str) -> Any:
        """What a line of JavaScript gives in the page."""
        found = self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        return found["result"].get("value")

    def press(self, key: str) -> None:
        """Presses a key and lets it go."""
        code = {" ": 32, "Home": 36, "End": 35, "ArrowLeft": 37, "ArrowRight": 39}.get(key, 0)
        text = {"text": key} if len(key) == 1 else {}
        for kind in ("keyDown", "keyUp"):
            options = {"key": key, "windowsVirtualKeyCode": code, **text}
            self.send("Input.dispatchKeyEvent", type=kind, **options)

    def wait_for(self, expression: str) -> None:
        """Waits until a line of JavaScript is true in the page."""
        end = time.monotonic() + PATIENCE
        while not self.value(expression):
            assert time.monotonic() < end, expression
            time.sleep(0.05)

    def complaints(self) -> list[dict[str, Any]]:
        """Errors and warnings so far, and requests for anything but the page."""
        kinds = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
        self.value("1")  # what was said before has arrived by then
        requests = [
            event
            for event in self.events
            if event["method"] == "Network.requestWillBeSent"
            and not event["params"]["request"]["url"].startswith(("file:", "data:"))
        ]
        return [event for event in self.events if event["method"] in kinds] + requests

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)
        os.close(self._commands)
        os.close(self._answers)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("no Chromium to open the page in: `apt install chromium-headless-shell`")
    opened = Browser(program, tmp_path / "profile")
    yield opened
    opened.close()


def count(browser: Browser) -> str:
    return str(browser.value("document.getElementById('count').textContent"))


def test_the_page_plays_and_steps_by_keyboard(
    browser: Browser, make_trace: Callable[..., Trace], tmp_path: Path
) -> None:
    trace = make_trace()
    frames = animation_frames(trace)
    path = save_animation(trace, tmp_path / "page.html", seconds=0.1)
    browser.send("Page.navigate", url=path.as_uri())
    browser.wait_for("document.readyState === 'complete' && !!document.getElementById('count')")

    # Every frame by the arrow key: its caption, its phase, and bars as high as the weights.
    for place, frame in enumerate(frames):
        assert count(browser) == f"{place + 1} / {FRAMES}"
        caption = browser.value("document.getElementById('caption').textContent")
        assert caption == frame.caption
        assert browser.value("document.getElementById('picture').dataset.phase") == frame.phase
        hints = "Array.from(document.querySelectorAll('rect > title'), (each) => each.textContent)"
        shown = [hint for hint in browser.value(hints) if hint.startswith("weight ")]
        weights = [] if frame.attention_weights is None else frame.attention_weights[0].tolist()
        assert shown == [f"weight {weight:.3f}" for weight in weights]
        browser.press("ArrowRight")
    assert count(browser) == f"{FRAMES} / {FRAMES}"  # the last stays

    browser.press("Home")
    assert count(browser) == f"1 / {FRAMES}"
    browser.press("ArrowLeft")
    assert count(browser) == f"1 / {FRAMES}"
    browser.press("End")
    browser.press("ArrowLeft")
    assert count(browser) == f"{FRAMES - 1} / {FRAMES}"

    # It plays to its end, then says so.
    browser.press("Home")
    browser.press("+")
    browser.press("+")
    assert browser.value("document.getElementById('speed').value") == "4"
    browser.press(" ")
    assert browser.value("document.getElementById('play').textContent") == "Pause"
    browser.wait_for(f"document.getElementById('count').textContent === '{FRAMES} / {FRAMES}'")
    browser.wait_for("document.getElementById('play').textContent === 'Play'")

    # Pausing stops it where it is.
    browser.press("-")
    browser.press("-")
    browser.press("-")
    browser.press("-")
    assert browser.value("document.getElementById('speed').value") == "0.25"
    browser.value("document.getElementById('play').click()")
    browser.wait_for("Number(document.getElementById('place').value) >= 1")
    browser.press(" ")
    stopped = count(browser)
    time.sleep(0.6)
    assert count(browser) == stopped
    assert browser.complaints() == []


def test_an_error_of_a_page_would_be_seen(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "broken.html"
    path.write_text("<script>throw new Error('broken')</script>", encoding="utf-8")
    browser.send("Page.navigate", url=path.as_uri())
    browser.wait_for("document.readyState === 'complete'")
    assert [each["method"] for each in browser.complaints()] == ["Runtime.exceptionThrown"]
