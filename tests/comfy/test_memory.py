"""ComfyUI's model management on a pretended graphics card: torch's meta device, with free memory
as the test says. No kernel runs, but every weight really is moved, or left behind, by core."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from load_pack import SUPPORT

pytestmark = pytest.mark.comfy

LOAD = """
import sys
sys.path.insert(0, sys.argv[1])
import comfy.cli_args
import utils.install_util  # as main.py does, before a library brings a module of that name
comfy.cli_args.args.cpu = True
import torch
import folder_paths
import comfy.model_management as management

sys.path.append(sys.argv[2])
from load_pack import load_pack

load_pack()
from genvr_depth.nodes.shared.comfy_host import ComfyHost

class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.token = torch.nn.Parameter(torch.zeros(4))
        self.register_buffer("table", torch.zeros(3))
        self.layers = torch.nn.ModuleList(torch.nn.Linear(512, 512) for _ in range(8))

device = torch.device("meta")
management.get_torch_device = lambda: device
for case in sys.argv[3:]:
    state, _, free = case.partition(" ")
    management.vram_state = management.VRAMState[state]
    management.get_free_memory = lambda dev=None, torch_free_too=False, free=int(free): (
        (free, free) if torch_free_too else free)
    network = Network()
    model = ComfyHost().manage(network)
    for _ in range(2):
        assert model.load() == device
        left = [n for n, part in network.state_dict().items() if part.device != device]
        assert not left, (case, left)
    management.current_loaded_models.clear()
    print("whole:", case)
"""
CASES = (
    f"NORMAL_VRAM {10**12}",
    f"NORMAL_VRAM {2 * 10**6}",
    f"LOW_VRAM {2 * 10**6}",
    f"NO_VRAM {10**12}",
)


def test_a_network_is_loaded_whole_however_little_memory_is_free(tmp_path):
    checkout = os.environ.get("COMFYUI_PATH")
    if not checkout:
        pytest.skip("set COMFYUI_PATH to a ComfyUI checkout to run this tier")
    python = os.environ.get("COMFYUI_PYTHON", sys.executable)
    script = tmp_path / "load.py"
    script.write_text(LOAD)
    command = [python, str(script), checkout, str(SUPPORT), *CASES]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-len(CASES) :] == [f"whole: {case}" for case in CASES]
