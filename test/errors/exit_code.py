"""Runs a command and fails unless it ends with the given exit code: exit_code.py CODE COMMAND..."""

import subprocess
import sys

code = subprocess.run(sys.argv[2:]).returncode
if code != int(sys.argv[1]):
    sys.exit(f"{sys.argv[2]} ended with {code}, expected {sys.argv[1]}")
