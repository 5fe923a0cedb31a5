"""The pack under its alias, and settings that every test shares."""

from __future__ import annotations

import torch
from hypothesis import settings
from load_pack import load_pack

pytest_plugins = ["comfy_fixtures"]

load_pack()

# The tensors here are tiny: waking a second thread costs more than it computes.
torch.set_num_threads(1)

# A loaded machine is no fault of the code.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
