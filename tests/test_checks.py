"""Do the scripts that guard the floors and ban functions notice? And is the tree clean by them?"""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def check(script: str, tree: Path) -> subprocess.CompletedProcess:
    return subprocess.run([ROOT / "tests" / script, tree], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def tree(tmp_path):
    """A small sound tree."""
    for folder in ("schema/base", "evaluators", "rubrics", "worker/store", "worker/lane", "worker/intake"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "schema/base/memory.c").write_text("void *f(void) { return malloc(1); }\n")
    (tmp_path / "worker/store/db.c").write_text('#include <sqlite3.h>\n#include "schema/base/memory.h"\n')
    (tmp_path / "worker/lane/lane.c").write_text(
        '#include <stdio.h>\n#include <jansson.h>\n#include "worker/store/db.h"\n'
        '/* never strcpy(a, b) */\nconst char *t = "use malloc(1)"; char q = \'"\'; // gets(x)\n'
        "void f(void) { my_strcpy(1); lane.free(1); snprintf(0, 0, 0); }\n")
    return tmp_path


@pytest.mark.parametrize("script", ["check_layers.sh", "check_banned.sh"])
def test_the_tree_is_clean(script):
    done = check(script, ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("script", ["check_layers.sh", "check_banned.sh"])
def test_a_sound_tree_passes(script, tree):
    done = check(script, tree)
    assert (done.returncode, done.stdout) == (0, "")


LAYERS = [
    ("upwards", "evaluators/a.c", '#include "rubrics/rubric.h"\n', "evaluators may not include rubrics"),
    ("upwards from the base", "schema/base/a.h", '#include "schema/sample.h"\n', "schema/base may not include schema"),
    ("sideways", "worker/store/a.c", '#include "worker/net/http.h"\n', "worker/store may not include worker/net"),
    ("into the program", "worker/lane/a.c", '#include "worker/options/args.h"\n', "worker/lane may not include worker"),
    ("not from the root", "rubrics/a.c", '#include "rubric.h"\n', "not a path from the root"),
    ("by dots", "rubrics/a.c", '#include "../schema/sample.h"\n', "not a path from the root"),
    ("a second file with a library", "worker/intake/a.c", "#include <sqlite3.h>\n", "sqlite is included by"),
    ("a library in a header", "worker/store/a.h", "#include <sqlite3.h>\n", "a header shows <sqlite3.h>"),
    ("indented", "evaluators/a.c", '  #  include "worker/lane/lane.h"\n', "evaluators may not include worker/lane"),
]


@pytest.mark.parametrize("label,path,text,said", LAYERS, ids=[case[0] for case in LAYERS])
def test_an_include_that_does_not_go_down_is_named(tree, label, path, text, said):
    (tree / path).write_text(text)
    done = check("check_layers.sh", tree)
    assert done.returncode == 1 and said in done.stdout, done.stdout


BANNED = ["strcpy(a, b);", "sprintf (a, b);", "int n = atoi(text);", "x = alloca(8);", "p = malloc(8);",
          "p = strdup(s);", 'puts("a"); gets(line);', "if (realloc(p, 2)) return;"]


@pytest.mark.parametrize("line", BANNED)
def test_a_banned_function_is_named(tree, line):
    (tree / "evaluators/a.c").write_text(f"void f(void)\n{{\n    {line}\n}}\n")
    done = check("check_banned.sh", tree)
    assert done.returncode == 1 and "evaluators/a.c:3" in done.stdout, done.stdout
