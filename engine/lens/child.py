"""The process in which the code of others runs: reads a request on stdin, writes its answer into a file, ends."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from engine.errors import FerLensError, UsageError
from engine.lens.importing import Request, carry_out


def main() -> int:
    """Carry out one request."""
    given: dict[str, Any] = json.loads(sys.stdin.read())
    for key in ("classes", "gates", "no_gates"):
        given[key] = tuple(given[key])
    answer: dict[str, Any]
    try:
        done = carry_out(Request(**given))
        answer = {"findings": done.findings, "input_from": done.input_from}
    except FerLensError as error:
        answer = {"error": str(error), "usage": isinstance(error, UsageError)}
    except Exception as error:  # noqa: BLE001 - the network's own code may raise anything, wherever it is called
        what = (str(error).strip().splitlines() or [""])[0]
        answer = {"error": f"The network's code fails ({type(error).__name__}: {what[:200]})."}
    Path(sys.argv[1]).write_text(json.dumps(answer), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
