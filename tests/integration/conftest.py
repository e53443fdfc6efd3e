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
    node.close()


@pytest.fixture
def rival(tmp_path, node):
    """A second instance for the same kubelet root and the same source."""
    (tmp_path / "rival").mkdir()
    rival = Node(tmp_path / "rival")
    rival.kubelet, rival.source, rival.writer = node.kubelet, node.source, node.writer
    yield rival
    rival.close()
