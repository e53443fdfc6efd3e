# SPDX-License-Identifier: Apache-2.0
"""Modules of the integration tests are used here too: the case table's reader, runtimes and their filters."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]
