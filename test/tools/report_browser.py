"""Opens a report page in a headless browser and takes screenshots: report_browser.py BROWSER page.html folder

The page gets a script of the test's own at its end, which uses it as a reader would and writes down what it found.
"""

import html
import json
import pathlib
import re
import struct
import subprocess
import sys
import zlib

PROBE = """<script>
const found = {};
found.drawn = Number(document.documentElement.dataset.drawn) === data.launches.length &&
  document.querySelectorAll("#table tbody tr").length === data.launches.length &&
  document.querySelectorAll("#launches li").length === data.launches.length && document.querySelectorAll("#roof circle").length > 0;
found.fits = document.documentElement.scrollWidth <= document.documentElement.clientWidth;
const open = document.querySelector("#launches button");
open.focus();
found.focused = document.activeElement === open;
open.click();
found.opened = byId("details").open && byId("details-body").textContent.includes("GFLOP/s");
byId("details").querySelector("button").click();
found.closed = !byId("details").open;
const node = [...document.querySelectorAll("#table th button")].find((button) => button.textContent === "node");
node.click();
const names = [...document.querySelectorAll("#table td.name")].map((cell) => cell.textContent);
found.sorted = names.every((name, i) => i === 0 || names[i - 1] <= name) && document.activeElement.textContent === "node";
document.body.dataset.found = JSON.stringify(found);
</script></body>"""


def first_pixel(png):
    """The top left pixel, whatever filter its row has: nothing is left of or above it."""
    at, data = 8, b""
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        data += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += 12 + length
    return tuple(zlib.decompress(data)[1:4])


def call(browser, *arguments):
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=5000"]
    done = subprocess.run([browser, *flags, *arguments], capture_output=True, timeout=120)
    if done.returncode:
        sys.exit(f"{browser} ended with {done.returncode}: {done.stderr.decode()[-500:]}")
    return done.stdout.decode(errors="replace")


def main(browser, page, folder):
    folder = pathlib.Path(folder)
    probe = folder / "probe.html"
    probe.write_text(pathlib.Path(page).read_text().replace("</body>", PROBE))
    # 0 is dark, 1 is light.
    for name, size, scheme in (("desk", "1280,900", 1), ("phone", "390,844", 1), ("dark", "1280,900", 0)):
        flags = [f"--window-size={size}", f"--blink-settings=preferredColorScheme={scheme}", f"file://{probe.resolve()}"]
        document = call(browser, "--dump-dom", *flags)
        match = re.search(r'data-found="([^"]*)"', document)
        found = json.loads(html.unescape(match.group(1))) if match else {}
        call(browser, f"--screenshot={folder / name}.png", *flags)
        is_light = sum(first_pixel((folder / f"{name}.png").read_bytes())) > 3 * 128
        words = ["drawn" if found.get("drawn") else f"NOT drawn {found}", "fits its width" if found.get("fits") else "TOO WIDE"]
        words.append("light" if is_light else "dark")
        words.append("dialog opens and closes" if all(map(found.get, ("focused", "opened", "closed"))) else f"NO dialog {found}")
        words.append("sorted by node" if found.get("sorted") else "NOT sorted")
        print(f"{name}: {', '.join(words)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
