# SPDX-License-Identifier: Apache-2.0
"""One API server for all tests that ask one."""

import os
import sys

import pytest

HERE = os.path.dirname(__file__)
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))

from apiserver import ApiServer  # noqa: E402


@pytest.fixture(scope="session")
def api(tmp_path_factory):
    server = ApiServer(tmp_path_factory.mktemp("apiserver"))
    try:
        server.start()
        yield server
    finally:
        server.stop()
