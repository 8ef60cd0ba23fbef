"""Follows a page of the documentation: run_page.py page.md folder

Every code block that names a file is written into the folder, and every `sh` block is run there, in the page's order.
"""

import pathlib
import re
import subprocess
import sys

BLOCK = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def main(page, folder):
    for language, name, text in BLOCK.findall(pathlib.Path(page).read_text()):
        if name:
            (pathlib.Path(folder) / name).write_text(text)
        elif language == "sh":
            print(text, flush=True)
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=folder)
            if done.returncode:
                sys.exit(f"{page}: a command failed with {done.returncode}")


if __name__ == "__main__":
    main(*sys.argv[1:])
