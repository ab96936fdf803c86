"""The registry of ops with all of them in it. An op enters it when its module is imported, and
modules are when they are used."""

from importlib import import_module

from corereg.autograd import (
    methods as methods,  # names that tests and tools look up in Tensor
    ops,
)
from corereg.autograd.op import registry as registry

for _name in sorted(set(ops._MODULES.values())):
    import_module(_name if _name.startswith("corereg.") else f"{ops.__name__}.{_name}")
