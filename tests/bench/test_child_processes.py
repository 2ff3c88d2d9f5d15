"""A benchmark that ends takes the processes that it started with it."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.until import until
