"""abi: what the headers for shared objects declare, beside what it was when the number was given.

    abi.py            says whether it is the same, and how it differs; exit status 1 when it does
    abi.py --write    keeps what it is now in abi.txt (evaluators/plugin.h says when)
"""

import difflib
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEPT = Path(__file__).with_name("abi.txt")


def headers() -> list[str]:
    """PLUGIN_HEADERS of CMakeLists.txt."""
    text = (ROOT / "CMakeLists.txt").read_text()
    return re.search(r"set\(PLUGIN_HEADERS\s+([^)]*)\)", text)[1].split()


def declared(header: str) -> list[str]:
    """What the header declares, line by line however it is laid out: without comments and macros, and without the bodies
    of inline functions, which an object brings along itself."""
    text = subprocess.run(["gcc", "-fpreprocessed", "-dD", "-E", "-P", ROOT / header],
                          capture_output=True, text=True, check=True).stdout
    text = re.sub(r"^#(?:.*\\\n)*.*$", "", text, flags=re.M)
    text = re.sub(r"^(static inline [^{;]*?)\s*\{.*?^\}$", r"\1;", text, flags=re.M | re.S)
    text = re.sub(r"\s+", " ", text)
    return [line.strip() for line in re.split(r"(?<=[;{])|(?=\})", text) if line.strip()]


def now() -> list[str]:
    return [line for header in headers() for line in [f"// {header}", *declared(header)]]


def difference() -> str:
    """Empty when nothing is otherwise."""
    return "\n".join(difflib.unified_diff(KEPT.read_text().splitlines(), now(), "abi.txt", "now", lineterm="", n=2))


def functions() -> set[str]:
    """The names of what must be exported: declared, with external linkage."""
    found = set()
    for line in now():
        if line.startswith(("//", "static", "enum")):
            continue
        line = re.sub(r"__attribute__\(\(.*\)\)", "", line)
        function = re.match(r"(?!struct \w+ \{)[\w ]+?[ *](\w+)\([^*]", line)
        variable = re.match(r"extern const struct \w+ (\w+);", line)
        found |= {match[1] for match in (function, variable) if match}
    return found


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        KEPT.write_text("\n".join(now()) + "\n")
    else:
        print(difference() or "the same")
        sys.exit(1 if difference() else 0)
