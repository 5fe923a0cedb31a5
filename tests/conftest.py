"""The pack under its alias, and settings that every test shares."""

from __future__ import annotations

import gc
import os

import torch
from hypothesis import settings
from load_pack import load_pack

pytest_plugins = ["comfy_fixtures"]

# What other programs have downloaded on this machine is no part of a test.
os.environ["HF_HUB_CACHE"] = os.path.join(os.path.dirname(__file__), "data", "no-cache")

load_pack()

# The tensors here are tiny: waking a second thread costs more than it computes.
torch.set_num_threads(1)

# A loaded machine is no fault of the code.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def pytest_collection_finish():
    # What was imported so far lives to the end; looked at in every collection, it costs seconds.
    gc.collect()
    gc.freeze()
