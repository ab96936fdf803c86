"""Damaged model files again, led by coverage: an input that reaches new lines is changed further.

    pip install "corereg[fuzz]"
    python tests/campaigns/guided_files.py --seconds 60

libFuzzer, by way of atheris, changes one member of a good file at a time, and the file is put
together anew with a digest that belongs to it. So the code behind the checks of the container is
reached: that of config.json, metadata.json and arrays. Each file loads, or is refused by a
FileFormatError, as in files.py. What fails is printed with its input.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from harness import main

LONGEST = 20_000  # bytes of an input
INNER = "--as-libfuzzer"  # the argument of the process that libFuzzer ends


def unpacked(good: list[Any]) -> list[dict[str, bytes]]:
    """The members of each good file."""
    found = []
    for data, _, _ in good:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found.append({name: archive.read(name) for name in sorted(archive.namelist())})
    return found


def fuzz(arguments: list[str]) -> None:
    """Runs libFuzzer, which ends the process."""
    import atheris

    with atheris.instrument_imports(include=["corereg"]):
        import files

        import corereg
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    corereg.set_random_seed(0)
    good = files.good_files()
    members = unpacked(good)

    def one(data: bytes) -> None:
        if len(data) >= 2:
            which = data[0] % len(members)
            changed = dict(members[which])
            changed[sorted(changed)[data[1] % len(changed)]] = data[2:]
            files.check(files.archives.zipped(changed), good[which], sealed=True)

    atheris.Setup([sys.argv[0], *arguments], one)
    atheris.Fuzz()


def run(seconds: float, seed: int) -> int:
    import files

    with tempfile.TemporaryDirectory() as folder:
        for which, members in enumerate(unpacked(files.good_files())):
            for place, name in enumerate(sorted(members)):
                Path(folder, f"{which}-{place}").write_bytes(bytes([which, place]) + members[name])
        limits = {
            "max_total_time": max(1, int(seconds)),
            "max_len": LONGEST,
            "timeout": 20,
            "seed": seed % 2**32 or 1,
            "rss_limit_mb": 2048,
            "print_final_stats": 1,
            "artifact_prefix": f"{folder}/",
        }
        options = [f"-{name}={value}" for name, value in limits.items()]
        command = [sys.executable, __file__, INNER, *options, folder]
        done = subprocess.run(command, capture_output=True, check=False)
    lines = (done.stderr + done.stdout).decode(errors="replace").splitlines()
    print(*[line for line in lines if line.startswith(("stat::number_of", "Done "))], sep="\n")
    if done.returncode:
        print(*lines[-60:], sep="\n")
    return int(done.returncode != 0)


if __name__ == "__main__":
    if INNER in sys.argv:
        fuzz(sys.argv[2:])
    else:
        main(run, str(__doc__))
