"""Dtype policies, and what corereg.config and corereg.backend have of Keras's."""

from __future__ import annotations

import pytest

import corereg
from corereg import backend, config, dtype_policies, layers
from corereg.dtype_policies import DTypePolicy, DTypePolicyMap


@pytest.fixture(autouse=True)
def _float32():
    yield
    config.set_floatx("float32")
    config.set_policy_name(None)


@pytest.mark.parametrize("name", ["float32", "float64", "mixed_bfloat16"])
def test_policies(name):
    policy = DTypePolicy(name)
    dtype = name.replace("mixed_bfloat16", "float32")
    assert (policy.name, policy.compute_dtype, policy.variable_dtype) == (name, dtype, dtype)
    assert policy.dtype == dtype
    assert policy.quantization_mode is None
    assert policy == dtype_policies.get(name) == dtype_policies.get(policy)
    assert policy == dtype_policies.deserialize(dtype_policies.serialize(policy))
    assert hash(policy) == hash(DTypePolicy(name))
    layer = layers.Dense(2, dtype=policy)
    assert (layer.dtype, layer.compute_dtype, layer.variable_dtype) == (dtype,) * 3
    assert layer.dtype_policy == policy
    again = layers.Dense(2, dtype=dtype_policies.serialize(policy))
    assert again.dtype_policy == layers.Dense(2, dtype=name).dtype_policy == policy
    assert again.get_config()["dtype"] == name


def test_the_policy_of_all():
    assert config.dtype_policy() == DTypePolicy() == DTypePolicy("float32")
    config.set_dtype_policy("float64")
    assert layers.Dense(1).dtype == DTypePolicy().name == "float64"
    assert config.floatx() == "float32"


def test_maps(fails):
    found = DTypePolicyMap("float32", {"head": "float64"})
    found["tail_.*"] = DTypePolicy("float64")
    mapping = "[('head', 'float64'), ('tail_.*', 'float64')]"
    assert repr(found) == f"<DTypePolicyMap default_policy=float32, mapping={mapping}>"
    made = {n: layers.Dense(1, dtype=found, name=n).dtype for n in ("head", "tail_1", "body")}
    assert made == {"head": "float64", "tail_1": "float64", "body": "float32"}
    assert (len(found), list(found)) == (2, ["head", "tail_.*"])
    again = DTypePolicyMap.from_config(found.get_config())
    assert again.get_config() == found.get_config()
    assert DTypePolicyMap().default_policy == DTypePolicy()
    fails(lambda: found.__setitem__("head", "float32"), ValueError, "a new name, received 'head'")
    found["tail.*"] = "float32"
    fails(lambda: found["tail_2"], ValueError, "one policy for 'tail_2'")
    del found["tail.*"]
    assert found["tail_2"].name == "float64"
    fails(lambda: DTypePolicyMap(policy_map=[1]), TypeError, "policy_map as a dict")


@pytest.mark.parametrize(
    ("call", "exception", "message"),
    [
        (lambda: DTypePolicy("mixed_float16"), ValueError, "use 'mixed_bfloat16', or 'float32'"),
        (lambda: layers.Dense(1, dtype="mixed_float16"), ValueError, "'mixed_float16' is not"),
        (lambda: config.set_dtype_policy("mixed_float16"), ValueError, "'mixed_float16' is not"),
        (lambda: config.set_dtype_policy(DTypePolicyMap()), TypeError, "a DTypePolicy or its name"),
        (lambda: corereg.Input((3,), dtype="mixed_float16"), ValueError, "'mixed_float16' is not"),
        (lambda: DTypePolicy("int8"), ValueError, "or 'mixed_bfloat16', received 'int8'"),
        (lambda: DTypePolicy(3), TypeError, "name as a string"),
        (lambda: dtype_policies.get(3), TypeError, "its name or a DTypePolicy"),
        (lambda: dtype_policies.deserialize({}), ValueError, "description of a DTypePolicy"),
        (
            lambda: dtype_policies.Int4DTypePolicy,
            AttributeError,
            "quantized when they are exported",
        ),
        (lambda: dtype_policies.nonsense, AttributeError, "has no attribute 'nonsense'"),
        (lambda: config.set_epsilon, AttributeError, "corereg.config has no 'set_epsilon'"),
        (lambda: config.set_max_epochs, AttributeError, "steps_per_epoch= of fit"),
        (lambda: config.nonsense, AttributeError, "has no attribute 'nonsense'"),
        (lambda: config.set_backend("jax"), ValueError, "expected 'corereg', received 'jax'"),
        (lambda: config.set_image_data_format("channels_first"), ValueError, "'channels_last'"),
        (lambda: backend.set_epsilon, AttributeError, "corereg.backend has no 'set_epsilon'"),
        (lambda: corereg.StatelessScope, AttributeError, "keep their state in variables"),
    ],
)
def test_refused(call, exception, message, fails):
    fails(call, exception, message)


def test_what_programs_ask_of_config_and_backend():
    assert config.backend() == backend.backend() == "corereg"
    config.set_backend("corereg")
    assert config.image_data_format() == backend.image_data_format() == "channels_last"
    config.set_image_data_format("channels_last")
    assert config.is_interactive_logging_enabled()
    assert backend.is_float_dtype("float16")
    assert not backend.is_float_dtype("int8")
    assert backend.is_int_dtype("uint8")
    assert not backend.is_int_dtype("bool")
    assert backend.result_type() == "float32"
    assert backend.result_type("int32", "float64") == "float64"
    assert backend.result_type("uint8", "int8") == "int16"
    assert (backend.get_uid("x"), backend.get_uid("x"), backend.get_uid("y")) == (1, 2, 1)
    backend.clear_session()
    assert backend.get_uid("x") == 1
