"""Is an evaluator added by one file, one line and one folder of cases, as evaluators/README.md says?

Takes its steps in a copy of the tree and builds what they name."""

import json
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def build_and_run_golden(tree: Path) -> subprocess.CompletedProcess:
    build = tree / "build" / "dev"
    for command in (["cmake", "-S", tree, "-B", build, "-G", "Ninja", "-DASSAY_WERROR=ON"],
                    ["cmake", "--build", build, "--target", "test_golden"]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return subprocess.run(["ctest", "--test-dir", build, "-R", "test_golden", "--output-on-failure"],
                          capture_output=True, text=True, check=False)


def write_case(folder: Path, **parts) -> None:
    folder.mkdir(parents=True)
    for name, value in parts.items():
        (folder / f"{name}.json").write_text(json.dumps(value))


def test_the_steps_of_the_guide_are_all_it_takes(tmp_path):
    tree = tmp_path / "assay"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns("build", ".git", "__pycache__", "e2e"))
    evaluators, golden = tree / "evaluators", tree / "tests" / "golden" / "brief"

    # 1 to 3: the file
    source = (evaluators / "evaluator_length.c").read_text()
    source = source.replace("const struct evaluator evaluator_length", "const struct evaluator evaluator_brief")
    source = source.replace('.name = "length"', '.name = "brief"').replace('"too_long"', '"not_brief"')
    (evaluators / "evaluator_brief.c").write_text(source)

    # 4: the line
    registry = (evaluators / "registry.c").read_text().splitlines(keepends=True)
    at = next(i for i, line in enumerate(registry) if line.startswith("    evaluator(format)"))
    registry.insert(at + 1, "    evaluator(brief) \\\n")
    (evaluators / "registry.c").write_text("".join(registry))

    # without 5 its absence is told
    done = build_and_run_golden(tree)
    assert done.returncode != 0 and "no case of the evaluator brief" in done.stdout

    # 5: the folder of cases; a wrong one is told too
    write_case(golden / "too_much", options={"max": 3}, sample={"response": "four"},
               expected={"status": "scored", "value": 0, "reason": "not_brief"})
    done = build_and_run_golden(tree)
    assert done.returncode == 0, done.stdout
    write_case(golden / "wrong", options={"max": 3}, sample={"response": "four"}, expected={"status": "scored", "value": 1})
    done = build_and_run_golden(tree)
    assert done.returncode != 0 and "tests/golden/brief/wrong: got scored, value 0" in done.stdout
