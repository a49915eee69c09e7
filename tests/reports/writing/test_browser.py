"""The page, opened in a real browser: nothing overflows, nothing is asked of the network."""

import os
import re
import shutil
import subprocess
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from layerlaw import analysis
from layerlaw.reports import build_content, write_report

from tests.helpers.known_laws import attention, rows

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None and not os.environ.get("CI"), reason="there is no Chromium"
    ),
]

# Run by the browser at the end of the page, which its policy otherwise forbids; what it finds
# becomes the title, which --dump-dom prints.
PROBE = """<script>
document.querySelectorAll("details").forEach(one => one.open = true);
const root = document.documentElement;
const wide = [...document.querySelectorAll("body *:not(svg *)")].filter(one =>
  one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".scroll, nav, pre"));
const blank = [...document.querySelectorAll(".panel svg")].filter(one =>
  one.getBoundingClientRect().width < 200);
document.title = [root.scrollWidth, innerWidth, wide.length, blank.length,
  performance.getEntriesByType("resource").length].join(" ");
</script>"""


@pytest.fixture(scope="module")
def page(tmp_path_factory, table, fits) -> Path:
    folder = tmp_path_factory.mktemp("page")
    long = "a_layer_with_a_name_that_is_longer_than_any_name_should_be_" * 2
    more = rows(long, attention)
    every = [fits[0], *analysis.fit(more)]
    command = "layerlaw run " + " ".join(f"--layer {fit.series.layer}" for fit in every)
    content = build_content(table, every, {"cpu": long}, {"profile": "quick"}, command)
    return write_report(folder, content)[0]


def chromium(tmp_path: Path, *arguments: str) -> str:
    assert CHROMIUM is not None, "CI has to have Chromium"
    done = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            f"--user-data-dir={tmp_path / 'profile'}",
            *arguments,
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("width", [400, 1400])
def test_nothing_overflows_and_nothing_is_fetched(page, tmp_path, width):
    policy = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]+>')
    probed = policy.sub("", page.read_text(encoding="utf-8")).replace("</body>", f"{PROBE}</body>")
    # A window is never narrower than some 500 px, a frame is: the page goes into one.
    (tmp_path / "probed.html").write_text(probed, encoding="utf-8")
    frame = f"""<!doctype html><title>not loaded</title>
<iframe src="probed.html" style="border:0;width:{width}px;height:900px"
  onload="document.title = this.contentDocument.title"></iframe>"""
    (tmp_path / "frame.html").write_text(frame, encoding="utf-8")
    dom = chromium(
        tmp_path,
        "--allow-file-access-from-files",
        "--virtual-time-budget=5000",
        f"--window-size={width + 100},1000",
        "--dump-dom",
        (tmp_path / "frame.html").as_uri(),
    )
    scroll, inner, too_wide, blank, fetched = map(
        int, re.search(r"<title>([\d ]+)</title>", dom)[1].split()
    )
    assert inner == width
    assert scroll <= inner
    assert (too_wide, blank, fetched) == (0, 0, 0)


def test_the_browser_asks_a_server_for_the_page_alone(page, tmp_path):
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = page.read_bytes() if self.path == "/report.html" else b""
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            picture = tmp_path / "shot.png"
            chromium(
                tmp_path,
                f"--screenshot={picture}",
                "--window-size=1400,1000",
                f"http://127.0.0.1:{server.server_port}/report.html",
            )
        finally:
            server.shutdown()
            thread.join()
    assert picture.stat().st_size > 10_000
    assert set(asked) <= {"/report.html", "/favicon.ico"}  # the browser's own habit
    assert "/report.html" in asked
