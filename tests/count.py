"""count: adds up JUnit files and prints the closing line of a test run: `N passed, N failed, N skipped`.

    python3 tests/count.py FILE...      exit status 1 when anything failed or nothing ran"""

import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter


def outcome(case: ElementTree.Element) -> str:
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
        return "skipped"
    return "passed"


def main(paths: list) -> int:
    total = Counter()
    for path in paths:
        try:
            total.update(outcome(case) for case in ElementTree.parse(path).iter("testcase"))
        except (OSError, ElementTree.ParseError) as error:
            print(f"{path}: {error}")
            total["failed"] += 1  # a run that left no result has failed
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
