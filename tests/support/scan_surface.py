"""What a scanner of the registry finds in the pack: every hit of every rule, with file and line.

The registry publishes no rules. These are the names that publishers report from it, each with the
words that were named as its reason, and wider where we were in doubt. Comments and documents count,
as they do for a scanner that reads bytes.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

__all__ = ["RULES", "Hit", "hits", "packed_files"]

_PYTHON, _SCRIPT = (".py",), (".js", ".mjs", ".html")
_ANY = (*_PYTHON, *_SCRIPT, ".md", ".json", ".toml", ".txt", ".css", "")
_LONGEST_LINE = 1000


class Rule(NamedTuple):
    """What is looked for, in files with which endings."""

    pattern: str
    endings: tuple[str, ...] = _ANY


RULES: dict[str, tuple[Rule, ...]] = {
    "python_network_operations": (
        Rule(
            r"\b(import|from) +(requests|urllib3?|http|socket|ssl|aiohttp|httpx|ftplib|smtplib)\b"
        ),
        Rule(r"\brequests\.[A-Za-z]|\burllib3?\.|\bhttp\.client|\bsocket\.|\bssl\.|\burlopen\b"),
        Rule(r"\.connect\(|\bBearer\b"),
        Rule(r"XMLHttpRequest|WebSocket|EventSource|sendBeacon|(?<![\w.])fetch\(", _SCRIPT),
    ),
    "python_environment_manipulation": (
        Rule(r"\bos\.environ\b|import environ\b|\bgetenv\b|\bputenv\b|\bunsetenv\b"),
    ),
    "python_bytecode_manipulation": (
        Rule(r"\b(import|from) importlib\b|\bimportlib\.|import_module|spec_from_file_location"),
        Rule(r"module_from_spec|exec_module|\b__import__\b|\b__code__\b|\bmarshal\b|\bCodeType\b"),
        Rule(r"(?<![\w.])(compile|eval|exec)\(", _PYTHON),
        Rule(r"\bnew Function\(|(?<![\w.])(import|eval)\(", _SCRIPT),
    ),
    "python_command_injection_risk": (
        Rule(r"\bsubprocess\b|\bos\.(system|popen|exec\w*|spawn\w*|fork)\b|shell *= *True"),
        Rule(r"\bpopen\b|\bpty\b|child_process"),
    ),
    "python_database_connections": (
        Rule(r"\bsqlite3\b|\b(psycopg2?|pymysql|sqlalchemy|pymongo|redis)\b|\.connect\("),
    ),
    "base64": (
        Rule(r"\bbase64\.|\b(import|from) base64\b|b64(en|de)code|[ab]2[ab]_base64"),
        Rule(r"\b(atob|btoa)\(", _SCRIPT),
    ),
    "vendored": (
        Rule(r"(?i)copyright|@license|all rights reserved|third[_-]party", (*_PYTHON, *_SCRIPT)),
        Rule(rf".{{{_LONGEST_LINE}}}", (*_PYTHON, *_SCRIPT)),
    ),
}


class Hit(NamedTuple):
    rule: str
    path: str
    line: int
    text: str


def packed_files(root: Path) -> list[Path]:
    """What `comfy node pack` puts into the zip: tracked files less .comfyignore."""
    ignored = _listed(root, "-c", "-i", "-X", ".comfyignore")
    return [root / name for name in sorted(_listed(root) - ignored)]


def _listed(root: Path, *more: str) -> set[str]:
    run = subprocess.run(
        ["git", "ls-files", "-z", *more], cwd=root, capture_output=True, check=True, text=True
    )
    return set(run.stdout.split("\0")) - {""}


def hits(root: Path) -> list[Hit]:
    """Every line of the pack that a rule fits."""
    return [
        Hit(name, path.relative_to(root).as_posix(), number, line.strip())
        for path in packed_files(root)
        if path.suffix in _ANY
        for text in [path.read_text(errors="replace")]
        for name, rules in RULES.items()
        for found in [[r for r in rules if path.suffix in r.endings and re.search(r.pattern, text)]]
        if found
        for number, line in enumerate(text.splitlines(), 1)
        if any(re.search(rule.pattern, line) for rule in found)
    ]
