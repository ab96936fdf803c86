"""Builds corereg._kernels: the C kernels once per element type and instruction set, the rest once.

Metadata lives in pyproject.toml. Environment variables read here:
  COREREG_THREADS=0       build without threads of our own (kernels run on those that call them)
  COREREG_SANITIZE=LIST   add -fsanitize=LIST (e.g. address,undefined) to everything, for tests
  COREREG_EMULATE_UNITS=1 matrix units of x86-64 in plain C, for tests on CPUs that have none
"""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

# The commands that compile, and the one by which pip begins an installation.
BUILDS = {"build", "build_ext", "bdist_wheel", "editable_wheel", "install", "develop", "dist_info"}
HELP = """
{fault}
corereg is made of C: what is installed from its source needs GCC or Clang, and Python's headers.
    Debian, Ubuntu   apt-get install gcc python3-dev
    Fedora, RHEL     dnf install gcc python3-devel
    Alpine           apk add gcc musl-dev python3-dev
    macOS            xcode-select --install
    Windows          pip install ziglang
A wheel needs neither: pip install --only-binary :all: corereg
"""


def compiler_of_c() -> tuple[str, list[str]]:
    """What compiles, as the user says it and as the words of a command."""
    compiler = os.environ.get("CC", sysconfig.get_config_var("CC") or "cc")
    return compiler, shlex.split(compiler, posix=os.name != "nt")


def fault_of_tools() -> str | None:
    """What this machine lacks to build with: asked before half a minute is spent on it."""
    compiler, words_of_compiler = compiler_of_c()
    fault = None
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "probe.c")
        command = [*words_of_compiler, "-c", str(source)]
        command += ["-o", os.path.join(folder, "probe.o")]
        for path in {sysconfig.get_path("include"), sysconfig.get_path("platinclude")}:
            command += ["-I", path]
        for include, words in (
            ("#include <Python.h>\n", "The headers of this Python were not found"),
            ("#include <stdio.h>\n", "The headers of the C library were not found"),
            ("", f"The C compiler {compiler!r} does not work"),
        ):
            source.write_text(include + "typedef float v __attribute__((vector_size(16)));\n")
            try:
                done = subprocess.run(command, capture_output=True, text=True)
            except OSError as error:
                return f"The C compiler {compiler!r} was not found ({error.strerror})."
            if done.returncode == 0:
                break
            fault = f"{words} ({(done.stderr.strip() or 'it failed').splitlines()[0]})."
    return fault


def compiles(options: list[str]) -> bool:
    """Whether the compiler knows these options."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "probe.c")
        source.write_text("typedef int nothing;\n")
        command = [*compiler_of_c()[1], *options, "-c", str(source), "-o", str(source) + ".o"]
        return subprocess.run(command, capture_output=True).returncode == 0


if platform.system() == "Windows":
    # Microsoft's compiler has no vectors, and MinGW's GCC does not align those of AVX on the stack.
    # The package ziglang has a Clang.
    os.environ.setdefault("CC", "python-zig cc")
BUILDING = not BUILDS.isdisjoint(sys.argv)
if BUILDING and (fault := fault_of_tools()):
    sys.exit(HELP.format(fault=fault))
try:
    import Cython
    import numpy
    import setuptools

    for tool, name, least in (
        (Cython, "Cython", (3, 1)),
        (numpy, "NumPy", (2, 0)),
        (setuptools, "setuptools", (77, 0)),
    ):
        if tuple(map(int, tool.__version__.split(".")[:2])) < least:
            raise ImportError(f"{name} {tool.__version__} was found")
    from Cython.Build import cythonize
    from setuptools import Extension, setup
    from setuptools.command.build_ext import build_ext
    from setuptools.modified import newer_group
except ImportError as error:
    sys.exit(f"corereg is built with Cython 3.1, NumPy 2.0, setuptools 77 or newer ones: {error}")

KERNELS = [
    *("dense", "rounding", "activation", "log_softmax", "elementwise", "dropout", "noise"),
    *("mixing", "warp"),
    *("batch_norm", "row_norm", "embedding"),
    *("cross_entropy", "regression_loss", "output_loss", "accuracy", "counts", "samples"),
    *("accumulators", "gather", "shuffle", "strided_table", "update", "stages"),
    *("sharpness", "directions", "probe", "table"),
]
Object = tuple[str, str, list[str], dict[str, str]]  # source, folder, flags, macros
OBJECTS = "build/kernels"  # kept, where pip builds all else in a new folder every time
COMMON = [
    *("dispatch", "team", "replay", "validate", "forward", "memory", "rules"),
    *("strided", "indexed", "sorting", "schedules", "uniform"),
]
V4 = ["-mavx512f", "-mavx512bw", "-mavx512cd", "-mavx512dq", "-mavx512vl"]
INSTRUCTION_SETS = {
    "x86_64": {
        "baseline": [],
        "v3": ["-mavx2", "-mfma"],
        "v4": ["-mavx2", "-mfma", "-mprefer-vector-width=512", *V4],
    },
    "aarch64": {"neon": []},
}
FLAGS = ["-std=gnu11", "-g0", "-O2", "-Wall", "-Wextra", "-fvisibility=hidden"]
# Kernels may fuse a*b+c and need no errno; nothing else of -ffast-math is wanted.
KERNEL_FLAGS = ["-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math"]
# From GCC 14 on, a loop of one sum would round a*b by itself: a row of a dense layer alone would
# then not be the same number as among others.
KERNEL_FLAGS.append("--param=avoid-fma-max-bits=0")
# All of -O3 makes only float32's products and casts faster, and the wheel a tenth larger.
FASTEST = {("dense", 0), ("gather", 0), ("gather", 1)}  # with CR_F64
# What takes little of any step is small, not fast; so is nearly all in float64, and all for CPUs of
# before 2013 (the baseline).
SMALL = {"accumulators", "accuracy", "counts", "mixing", "probe", "regression_loss", "samples"}
SMALL |= {"directions", "sharpness", "shuffle", "stages"}
FAST_IN_FLOAT64 = {"dense", "gather", "update"}
# float64, in which few networks are trained, has no kernels of its own for AVX-512: it runs those
# for AVX2, and the wheel is a twentieth smaller. src/dispatch.c says so, too.
ONLY_FLOAT32 = {"v4"}
# Matrix units: what is compiled for them, and the options behind those of v4, whose other kernels
# they run. Compilers of before 2021 do not know them.
UNIT_KERNELS = ["packed", "table"]
MATRIX_UNITS = {
    "v4bf16": ["-mavx512bf16"],
    "amx": ["-mavx512bf16", "-mamx-tile", "-mamx-bf16", "-DCR_AMX"],
}
# Sources of which all kernels are another instruction set's: src/seldom.h says which kernels.
ELSEWHERE = {
    ("v4", 0): {"output_loss", "accuracy", "counts", "samples", "noise", "mixing", "warp"}
    | {"shuffle", "stages", "sharpness", "directions"},
    ("v3", 1): {"noise", "mixing", "warp", "shuffle", "directions"},
}
# Of Cython's code, -Os takes a third off, most of it where errors are raised, and -Oz, which GCC
# knows from 12 on, a little more. The parameter keeps inline what all calls go through, if short:
# with less, calls are a few per cent slower, with more the code is longer.
BORDER_FLAGS = ["-Oz", "--param=max-inline-insns-size=16"]
OF_GCC = {"-fpeel-loops", KERNEL_FLAGS[-1], BORDER_FLAGS[-1]}  # which Clang does not know
SANITIZE_FLAGS = ["-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-g1"]


def machine() -> str:
    name = platform.machine().lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(name, name)


def is_clang(command: list[str]) -> bool:
    """Whether a compiler is Clang, under whatever name."""
    done = subprocess.run([*command, "--version"], capture_output=True, text=True)
    return "clang" in done.stdout


class BuildKernels(build_ext):
    """build_ext that compiles src/<kernel>.c for each (instruction set, element type)."""

    def finalize_options(self) -> None:
        if platform.system() == "Windows" and self.compiler is None:
            self.compiler = "mingw32"  # whose options Clang takes, too
        super().finalize_options()

    def build_extension(self, ext: Extension) -> None:
        sanitize = os.environ.get("COREREG_SANITIZE")
        extra = [f"-fsanitize={sanitize}", *SANITIZE_FLAGS] if sanitize else []
        link = [f"-fsanitize={sanitize}"] if sanitize else []
        if os.environ.get("COREREG_THREADS") == "0":
            ext.extra_compile_args.append("-DCR_NO_THREADS")
        elif platform.system() != "Windows":
            ext.extra_compile_args.append("-pthread")
            link.append("-pthread")
        ext.extra_compile_args += [*FLAGS, *extra]
        ext.extra_link_args += link
        ext.define_macros.append(("COREREG_FLAGS", '"' + " ".join(["-O2", *link]) + '"'))
        stamp = self.stamp([*self.compiler.compiler_so, *ext.extra_compile_args, *link])
        ext.depends = ["setup.py", stamp, *map(str, Path("src").iterdir())]
        # What is left out of every command, here and in compile_object.
        self.unknown = OF_GCC if is_clang(self.compiler.compiler_so) else set()
        kernel_flags = [*FLAGS, *KERNEL_FLAGS, *extra]
        if platform.system() == "Linux" and not (sanitize or self.inplace or self.editable_mode):
            # What profilers and debuggers want is left out of a wheel, which is smaller then, and
            # so are kernels that no table has.
            ext.extra_link_args += ["-Wl,-s", "-Wl,--gc-sections"]
            kernel_flags += ["-fno-asynchronous-unwind-tables", "-ffunction-sections"]
            ext.extra_compile_args.append("-fno-asynchronous-unwind-tables")
        units = self.unit_objects(kernel_flags)
        which = {} if units else {"CR_NO_UNITS": "1"}
        if os.environ.get("COREREG_EMULATE_UNITS") == "1":
            which = {"CR_EMULATE_UNITS": "1"}
        common = [*ext.extra_compile_args, "-ffp-contract=off"]  # the same bits on every machine
        objects = [(f"src/{n}.c", "common", common, which) for n in COMMON]
        objects += self.kernel_objects(kernel_flags) + units
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            ext.extra_objects = list(pool.map(lambda o: self.compile_object(*o, stamp), objects))
        if not compiles(["-Oz"]):
            ext.extra_compile_args.append("-Os")
            self.unknown |= {"-Oz"}
        ext.extra_compile_args += [flag for flag in BORDER_FLAGS if flag not in self.unknown]
        super().build_extension(ext)

    def stamp(self, flags: list[str]) -> str:
        """A file whose date is that of the last change of flags: what is older is built again."""
        path = Path(OBJECTS, "flags.txt")
        text = " ".join(flags)
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return str(path)

    def kernel_objects(self, flags: list[str]) -> list[Object]:
        sets = INSTRUCTION_SETS.get(machine(), {"baseline": []})
        objects: list[Object] = []
        for isa, f64, name in product(sets, (0, 1), KERNELS):
            if (f64 and isa in ONLY_FLOAT32) or name in ELSEWHERE.get((isa, f64), ()):
                continue
            small = name not in FAST_IN_FLOAT64 if f64 else name in SMALL
            if small or (isa == "baseline" and len(sets) > 1):
                speed = ["-Os"]
            else:
                speed = ["-fpeel-loops", *(["-O3"] if (name, f64) in FASTEST else [])]
            if name in ("noise", "mixing", "warp"):  # the same bits on every instruction set
                speed.append("-ffp-contract=off")
            macros = {"CR_ISA": isa, "CR_F64": str(f64)}
            folder = f"{isa}-f{64 if f64 else 32}"
            objects.append((f"src/{name}.c", folder, [*flags, *speed, *sets[isa]], macros))
        return objects

    def unit_objects(self, flags: list[str]) -> list[Object]:
        """The kernels of matrix units; none for other machines, or if the compiler knows none."""
        if machine() != "x86_64":
            return []
        rest, base = "v4", [*INSTRUCTION_SETS["x86_64"]["v4"]]
        own = MATRIX_UNITS
        if os.environ.get("COREREG_EMULATE_UNITS") == "1":  # vectors of 64 bytes without AVX-512
            rest, base = "v3", ["-U__SSE2__", "-DVB=64", "-DCR_REST_LANES=8", "-Wno-psabi"]
            base.append("-DCR_EMULATE_UNITS")
            own = {"v4bf16": [], "amx": ["-DCR_AMX"]}
        elif not compiles([*base, *own["amx"]]):
            return []
        macros = {"CR_F64": "0", "CR_REST": rest, "CR_UNITS": "1"}
        return [
            (f"src/{n}.c", f"{isa}-f32", [*flags, *base, *more], {"CR_ISA": isa, **macros})
            for isa, more in own.items()
            for n in UNIT_KERNELS
        ]

    def compile_object(
        self, source: str, folder: str, flags: list[str], macros: dict[str, str], stamp: str
    ) -> str:
        """Compiles what is older than its source or what all share; returns the object's path."""
        shared = ["setup.py", stamp, *map(str, Path("src").glob("*.h"))]
        folder = os.path.join(OBJECTS, folder)
        (target,) = self.compiler.object_filenames([source], output_dir=folder)
        if self.force or newer_group([source, *shared], target):
            known = [flag for flag in flags if flag not in self.unknown]
            self.compiler.compile(
                [source], output_dir=folder, macros=[*macros.items()], extra_postargs=known
            )
        return target


extension = Extension(
    "corereg._kernels",
    ["src/_kernels.pyx"],
    include_dirs=["src", numpy.get_include()],
    define_macros=[
        ("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION"),
        ("CYTHON_COMPRESS_STRINGS", "0"),  # which a wheel does better
    ],
    libraries=["m"],
)

MODULES = [extension]
if BUILDING:
    MODULES = cythonize(
        MODULES,
        build_dir="build/cython",
        include_path=["src"],
        compiler_directives={
            "language_level": 3,
            "boundscheck": False,
            "wraparound": False,
            "auto_pickle": False,
            "binding": False,  # what has a signature to look at says so: a tenth less code
        },
    )
setup(ext_modules=MODULES, cmdclass={"build_ext": BuildKernels})
