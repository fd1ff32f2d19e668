"""Writes docs/measures.md to the standard output."""

import sys

from domain.measures.page import measures_page

sys.stdout.write(measures_page())
