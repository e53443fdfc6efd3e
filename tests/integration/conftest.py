# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a node in a temporary directory, stopped and its log checked at the end of each test."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from node import Node  # noqa: E402


@pytest.fixture
def node(tmp_path):
    node = Node(tmp_path)
    yield node
    node.stop()
    text = node.log_text()
    assert "AddressSanitizer" not in text and "runtime error" not in text, text
