# SPDX-License-Identifier: Apache-2.0
"""Modules of the integration tests are used here too: the kubelet's atomic writer, the wait."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]
