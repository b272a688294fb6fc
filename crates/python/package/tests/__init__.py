"""Run with `python3 -m unittest` in the folder above."""

import sys

# The package's folder is embedded in a program: nothing may be written into it.
sys.dont_write_bytecode = True
