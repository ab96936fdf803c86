# What a recording depends on, to find out later whether something of it was set anew.

from cpython.dict cimport PyDict_Next, PyDict_Size
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.ref cimport PyObject


cdef extern from *:
    """
    #include <structmember.h>

    /* Where an object keeps what it has in a slot of its class, or NULL if that is no slot. */
    static PyObject **cr_slot_place(PyObject *owner, PyObject *descriptor)
    {
        PyMemberDef *member;
        if (!Py_IS_TYPE(descriptor, &PyMemberDescr_Type)) return NULL;
        member = ((PyMemberDescrObject *)descriptor)->d_member;
        if (member->type != T_OBJECT_EX) return NULL;
        return (PyObject **)((char *)owner + member->offset);
    }

    /* A number that changes with a dict, and that no other dict has ever had; 0: Python tells none,
       as from 3.12 on. */
    static uint64_t cr_dict_version(PyObject *dict)
    {
    #if PY_VERSION_HEX < 0x030C0000
        return ((PyDictObject *)dict)->ma_version_tag;
    #else
        (void)dict;
        return 0;
    #endif
    }
    """
    PyObject **cr_slot_place(PyObject *owner, PyObject *descriptor)
    uint64_t cr_dict_version(object d) noexcept

cdef extern from "Python.h":
    object PyObject_GenericGetDict(object, void *)


cdef list items_of(object d):
    """The keys and values of a dict, one after the other."""
    cdef Py_ssize_t place = 0
    cdef PyObject *key
    cdef PyObject *value
    cdef list items = []
    while PyDict_Next(d, &place, &key, &value):
        items.append(<object> key)
        items.append(<object> value)
    return items


cdef bint same_items(object d, list before) noexcept:
    """Whether a dict holds the very keys and values that `items_of` gave, in that order."""
    cdef Py_ssize_t place = 0, i = 0
    cdef PyObject *key
    cdef PyObject *value
    if 2 * PyDict_Size(d) != len(before):
        return False
    while PyDict_Next(d, &place, &key, &value):
        if key != PyList_GET_ITEM(before, i) or value != PyList_GET_ITEM(before, i + 1):
            return False
        i += 2
    return True


cdef inline bint same_dict(object d, list before, uint64_t *version) noexcept:
    """As `same_items`, without a look at the items if the dict has the version that it had when
    they were the same; notes it if they are."""
    cdef uint64_t now = cr_dict_version(d)
    if now and now == version[0]:
        return True
    if not same_items(d, before):
        return False
    version[0] = now
    return True


cdef bint same_entries(object entries, list before) noexcept:
    """Whether a list holds the very objects that it held before."""
    cdef Py_ssize_t i
    if PyList_GET_SIZE(entries) != len(before):
        return False
    for i in range(len(before)):
        if PyList_GET_ITEM(entries, i) != PyList_GET_ITEM(before, i):
            return False
    return True


cdef bint holds_any(object container, set ids):
    """Whether a list, tuple or dict holds an object of one of these ids, however deep."""
    for one in (container.values() if isinstance(container, dict) else container):
        if isinstance(one, (list, tuple, dict)):
            if holds_any(one, ids):
                return True
        elif id(one) in ids:
            return True
    return False


def flatten_layers(layer):
    """A list of a layer and of all that are inside it, in its `_sublayers` and theirs: each once,
    owners first."""
    cdef dict found = {}
    cdef list waiting = [layer]
    cdef list inner
    while waiting:
        one = waiting.pop()
        if id(one) not in found:
            found[id(one)] = one
            inner = one._sublayers
            if inner:
                waiting += inner[::-1]
    return list(found.values())


def with_inner(dependencies):
    """A list of these, and of the layers inside them, whether or not they ran; each once."""
    cdef dict found = {}
    for part in dependencies:
        if getattr(part, "_sublayers", None) and not isinstance(part, type):
            for one in flatten_layers(part):
                found[id(one)] = one
        else:
            found[id(part)] = part
    return list(found.values())


def leaves_among(list parts, type parameter):
    """The objects of class `parameter` among these and those that they hold (a layer in
    `_parameters`, an optimizer in `parameters`), and behind them the other tensors."""
    cdef dict found = {}
    cdef list others = []
    for part in parts:
        if isinstance(part, TensorCore):
            if isinstance(part, parameter):
                found[id(part)] = part
            else:
                others.append(part)
        elif not isinstance(part, list):
            for p in getattr(part, "_parameters", ()):
                found[id(p)] = p
            for p in getattr(part, "parameters", ()):
                found[id(p)] = p
    return list(found.values()) + [one for one in others if id(one) not in found]


def containers_holding(dict attributes, set ids, frozenset skipped):
    """The lists, tuples and dicts among the values of `attributes` that hold an object of one of
    these ids, however deep. skipped: keys that are not looked at."""
    return [value for name, value in attributes.items()
            if isinstance(value, (list, tuple, dict)) and name not in skipped
            and holds_any(value, ids)]


ctypedef struct _Slot:
    PyObject **place
    PyObject *found


@cython.no_gc_clear  # the slots are those of parameters that it keeps alive
cdef class Snapshot:
    """What objects hold now, to find out later whether something of it was set anew.

    objects: whose attributes count, all that are in their __dict__. containers: lists and dicts,
    whose entries count, as do those of lists, dicts and tuples inside them; tuples, for what is in
    them. parameters: whose data, requires_grad, regularizer, constraint and mask count. Identity
    decides, not equality; so all that was found is kept alive, and no other object can take its
    place. The precision of products that holds where nobody says another counts, too.
    """
    cdef int parts                     # global_parts
    cdef list objects, attributes      # objects, and of each the items of its __dict__
    cdef list lists, entries           # lists, and of each the entries
    cdef list dicts, items             # dicts, and of each the items
    cdef list parameters, arrays      # parameters, and of each its array
    cdef bytearray trainable          # ... and whether it is trainable
    cdef list found                   # ... and what keeps alive what is in its slots
    cdef _Slot *slots                 # of all parameters, each with what it held
    cdef Py_ssize_t slot_count
    cdef uint64_t *versions           # of objects' dicts, then of `dicts`, when all was the same

    def __init__(self, objects, containers=(), parameters=()):
        PyMem_Free(self.versions)
        self.versions = NULL
        self.parts = global_parts
        self.objects = list(objects)
        self.attributes = [items_of(part.__dict__) for part in self.objects]
        self.lists, self.entries, self.dicts, self.items = [], [], [], []
        self.add_containers(containers)
        self.parameters = list(parameters)
        self.arrays, self.trainable, self.found = [], bytearray(), []
        for p in self.parameters:
            self.add_parameter(p)
        self.versions = <uint64_t *> PyMem_Calloc(len(self.objects) + len(self.dicts) + 1,
                                                  sizeof(uint64_t))
        if self.versions == NULL:
            raise MemoryError("Snapshot: no memory for the versions of dicts")

    def __dealloc__(self):
        PyMem_Free(self.slots)
        PyMem_Free(self.versions)

    cdef int add_parameter(self, TensorCore p) except -1:
        self.arrays.append(p.array)
        self.trainable.append(p.requires_grad)
        for name in ("regularizer", "constraint", "_mask"):
            descriptor = getattr(type(p), name, None)
            if descriptor is None:
                continue
            self.found.append(getattr(p, name))
            place = cr_slot_place(<PyObject *> p, <PyObject *> descriptor)
            if place == NULL:
                raise TypeError(f"Snapshot: expected {name!r} in a slot of {type(p).__name__}, "
                                f"found {type(descriptor).__name__}; do not override it")
            self.add_slot(place)
        return 0

    cdef int add_slot(self, PyObject **place) except -1:
        cdef size_t size = (self.slot_count + 1) * sizeof(_Slot)
        cdef _Slot *more = <_Slot *> PyMem_Realloc(self.slots, size)
        if more == NULL:
            raise MemoryError("Snapshot: no memory for what it looks at")
        self.slots = more
        more[self.slot_count] = _Slot(place, place[0])
        self.slot_count += 1
        return 0

    cdef add_containers(self, containers):
        cdef dict seen = {}  # by id; what is in here stays alive, so that no id comes twice
        cdef list left = list(containers)[::-1]
        while left:
            one = left.pop()
            if id(one) in seen:
                continue
            if isinstance(one, list):
                self.lists.append(one)
                self.entries.append(list(one))
                inside = one
            elif isinstance(one, dict):
                self.dicts.append(one)
                self.items.append(items_of(one))
                inside = one.values()
            elif isinstance(one, tuple):
                inside = one
            else:
                raise TypeError("Snapshot: expected lists, dicts and tuples as containers, "
                                f"received {type(one).__name__}")
            seen[id(one)] = one
            left += [part for part in inside if isinstance(part, (list, dict, tuple))]

    cpdef bint unchanged(self) except -1:
        """Whether all is as it was."""
        cdef Py_ssize_t i, objects = len(self.objects)
        cdef TensorCore p
        if self.versions == NULL or self.parts != global_parts:
            return False
        for i in range(len(self.lists)):
            if not same_entries(self.lists[i], <list> self.entries[i]):
                return False
        for i in range(len(self.dicts)):
            if not same_dict(self.dicts[i], <list> self.items[i], &self.versions[objects + i]):
                return False
        for i in range(objects):
            attributes = PyObject_GenericGetDict(self.objects[i], NULL)
            if not same_dict(attributes, <list> self.attributes[i], &self.versions[i]):
                return False
        for i in range(self.slot_count):
            if self.slots[i].place[0] != self.slots[i].found:
                return False
        for i in range(len(self.parameters)):
            p = self.parameters[i]
            if p.array is not self.arrays[i] or p.requires_grad != self.trainable[i]:
                return False
        return True
