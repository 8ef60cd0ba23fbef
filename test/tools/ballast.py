"""Runs a command from a process that has many megabytes resident: ballast.py MEGABYTES COMMAND..."""
import subprocess
import sys

ballast = b"x" * (int(sys.argv[1]) << 20)
sys.exit(subprocess.run(sys.argv[2:]).returncode)
