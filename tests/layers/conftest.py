"""`check_layer`: the contract that every layer of this room holds, checked in one call."""

import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

Array = np.ndarray
Inputs = dict[str, Any]  # name -> array or list of arrays, in the order of the call's arguments
Make = Callable[..., keras.layers.Layer]
Gradients = tuple[Any, list[Array | None]]  # outputs, and a gradient a weight

# Stands at masked positions, where `keras.layers.Masking` turns it into a mask.
MARK = -7.0
POLICIES = ("mixed_bfloat16", "mixed_float16")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What was saved by all tests is loaded by one process, after all of them."""
    items.sort(key=lambda item: item.path.name == "test_saved_layers.py")


@pytest.fixture(autouse=True)
def _same_weights_in_every_run() -> None:
    """A tolerance that holds, holds again; and what fails, fails when it is run alone."""
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="session")
def saved_layers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what `check_layer` saves: `.keras` files, each with its numbers beside it."""
    return tmp_path_factory.mktemp("saved_layers")


@pytest.fixture
def equals_its_graph() -> Callable[..., None]:
    """Returns a function that asserts: in a graph with batch and lengths unknown, the same."""

    def assert_equals(layer: keras.layers.Layer, inputs: Inputs, **masks: Array) -> None:
        if keras.backend.backend() != "tensorflow":
            pytest.skip("a graph with unknown sizes is TensorFlow's")
        import tensorflow as tf

        arguments = keras.tree.map_structure(ops.convert_to_tensor, {**inputs, **masks})
        expected = layer(**arguments)

        def specify(tensor: Any) -> Any:
            sizes = [None if has_length(to_arrays(tensor)[0]) else tensor.shape[1]]
            return tf.TensorSpec([None, *sizes, *tensor.shape[2:]], tensor.dtype)

        specs = [keras.tree.map_structure(specify, arguments)]
        graph = tf.function(lambda named: layer(**named), input_signature=specs)
        assert_equal(graph(arguments), expected, "in a graph")

    return assert_equals


@pytest.fixture
def check_layer(request: pytest.FixtureRequest, saved_layers: Path) -> Callable[..., Any]:
    """Returns a function that asserts the contract of a layer and gives back the layer it used.

    Its arguments:
        make: `make(**options)` gives a fresh layer; `dtype` is among the options.
        inputs: arrays by the name of the call's argument, in order; a state is a list of arrays.
        masks: a boolean array for each input whose mask the layer reads.
        optional: the inputs that a caller may leave out.
        without_gradient: names of weights that get none.
    """

    def check(
        make: Make,
        inputs: Inputs,
        masks: Mapping[str, Array] | None = None,
        optional: Iterable[str] = (),
        without_gradient: Iterable[str] = (),
    ) -> keras.layers.Layer:
        contract = LayerContract(make, inputs, masks or {}, optional, without_gradient)
        contract.check()
        name = "".join(c if c.isalnum() else "_" for c in request.node.nodeid.split("layers/")[-1])
        if keras.backend.backend() == "tensorflow":
            contract.save(saved_layers / name)
        return contract.layer

    return check


def to_arrays(outputs: Any) -> list[Array]:
    return [np.asarray(ops.convert_to_numpy(each)) for each in keras.tree.flatten(outputs)]


def to_floats(outputs: Any) -> list[Array]:
    """In float32: NumPy has no bfloat16."""
    return to_arrays([ops.cast(each, "float32") for each in keras.tree.flatten(outputs)])


def assert_equal(actual: Any, expected: Any, fact: str, tolerance: float = 1e-5) -> None:
    for index, (one, other) in enumerate(zip(to_floats(actual), to_floats(expected), strict=True)):
        np.testing.assert_allclose(
            one, other, atol=tolerance, rtol=tolerance, err_msg=f"{fact} (output {index})"
        )


def has_length(array: Array) -> bool:
    """Whether axis 1 is a length: in token ids, masks, and what is `(batch, length, size)`."""
    return array.ndim > 2 or (array.ndim == 2 and array.dtype.kind in "ib")


def lengthened(array: Array, fill: float = 0.5) -> Array:
    """Two more positions, of values that must not matter."""
    if not has_length(array):
        return array
    more = np.full_like(array[:, :1], False if array.dtype == bool else fill)
    return np.concatenate([array, more, more], axis=1)


class LayerContract:
    """A layer, what it is called with, and the facts that hold for it."""

    def __init__(
        self,
        make: Make,
        inputs: Inputs,
        masks: Mapping[str, Array],
        optional: Iterable[str],
        without_gradient: Iterable[str],
    ) -> None:
        self.make = make
        self.inputs = inputs
        self.masks = dict(masks)
        self.optional = set(optional)
        self.without_gradient = set(without_gradient)
        self.layer = make()
        self.outputs = self.call(inputs, self.masks)

    def check(self) -> None:
        self.check_config()
        self.check_build()
        self.check_names()
        self.check_gradients()
        if keras.backend.backend() != "tensorflow":
            return  # JAX compiles each further call for a second
        self.check_nothing_is_kept()
        self.check_masks()
        self.check_symbolic_outputs()
        self.check_padding()
        self.check_rows()
        for policy in POLICIES:
            self.check_half_precision(policy)

    def call(
        self, inputs: Inputs, masks: Mapping[str, Any], layer: Any = None, **options: Any
    ) -> Any:
        """Calls the layer as a user does: what is required by position, the rest by name."""
        arguments = keras.tree.map_structure(ops.convert_to_tensor, inputs)
        positional = [arguments[name] for name in inputs if name not in self.optional]
        named = {name: arguments[name] for name in inputs if name in self.optional}
        named |= {self.mask_name(name, inputs): mask for name, mask in masks.items()}
        return (layer or self.layer)(*positional, **named, **options)

    def mask_name(self, name: str, inputs: Inputs) -> str:
        return "mask" if len(inputs) == 1 else f"{name}_mask"

    def selections(self) -> list[Inputs]:
        """The inputs without and with those that are optional."""
        required = {k: v for k, v in self.inputs.items() if k not in self.optional}
        return [required, self.inputs] if self.optional else [self.inputs]

    def check_config(self) -> None:
        """The config says all, in plain values, and makes the same layer again."""
        layer = self.layer
        plain = json.loads(json.dumps(keras.saving.serialize_keras_object(layer)))
        again = keras.saving.deserialize_keras_object(plain)
        assert type(again) is type(layer)
        assert again.get_config() == layer.get_config()
        again.trainable = False  # and stays frozen: in a model each weight says so for itself
        frozen = self.build(type(again).from_config(again.get_config()))
        assert [weight.path for weight in frozen.weights if weight.trainable] == []
        arguments = set(inspect.signature(type(layer).__init__).parameters)
        missing = arguments - {"self", "kwargs"} - set(layer.get_config())
        assert not missing, f"get_config leaves out {missing}"

    def check_build(self) -> None:
        """`build` makes every weight, and builds every layer inside; a call makes none."""
        fresh = self.build(self.make())
        assert fresh.built
        unbuilt = [each.path for each in fresh._flatten_layers() if not each.built]
        assert unbuilt == []

        def described(layer: Any) -> list[tuple[str, Any]]:
            return [(weight.name, tuple(weight.shape)) for weight in layer.variables]

        before = described(fresh)
        self.call(self.inputs, self.masks, fresh)
        assert described(fresh) == before
        assert before == described(self.layer)

    def build(self, layer: Any) -> Any:
        shapes = keras.tree.map_structure(lambda array: (None, *array.shape[1:]), self.inputs)
        layer.build(**{f"{name}_shape": shape for name, shape in shapes.items()})
        return layer

    def check_names(self) -> None:
        """Keras fills in a mask by the name of its argument, and by no other."""
        parameters = inspect.signature(self.layer.call).parameters
        for inputs in self.selections():
            for name in self.masks.keys() & inputs.keys():
                assert self.mask_name(name, inputs) in parameters

    def check_masks(self) -> None:
        """A mask that is attached to an input arrives, eagerly and in a functional model."""
        for inputs in self.selections():
            masks = {name: mask for name, mask in self.masks.items() if name in inputs}
            for name, mask in masks.items():
                zeroed = {**inputs, name: np.where(mask[..., None], inputs[name], 0)}
                expected = self.call(zeroed, {name: mask})
                unmasked = self.call(zeroed, {})
                differs = [
                    not np.allclose(one, other, atol=1e-5)
                    for one, other in zip(to_floats(expected), to_floats(unmasked), strict=True)
                ]
                assert any(differs), f"the mask of `{name}` changes nothing"
                marked = {**inputs, name: np.where(mask[..., None], inputs[name], MARK)}
                eager = {**inputs, name: keras.layers.Masking(MARK)(marked[name])}
                assert_equal(self.call(eager, {}), expected, f"eager mask of `{name}`")
                model = self.functional_model(inputs, [name])
                found = model(keras.tree.flatten(list(marked.values())))
                assert_equal(found, expected, f"symbolic mask of `{name}`")

    def functional_model(self, inputs: Inputs, masked: Iterable[str], known: bool = False) -> Any:
        """The layer between inputs and outputs; `Masking` makes the masks of those named."""

        def symbolic(array: Array) -> Any:
            shape = list(array.shape)
            if not known:
                shape[0] = None
                shape[1] = None if has_length(array) else shape[1]
            return keras.Input(batch_shape=shape, dtype=array.dtype.name)

        arguments = {
            name: [symbolic(each) for each in value] if isinstance(value, list) else symbolic(value)
            for name, value in inputs.items()
        }
        called = {
            name: keras.layers.Masking(MARK)(value) if name in masked else value
            for name, value in arguments.items()
        }
        positional = [value for name, value in called.items() if name not in self.optional]
        named = {name: value for name, value in called.items() if name in self.optional}
        outputs = self.layer(*positional, **named)
        return keras.Model(
            keras.tree.flatten(list(arguments.values())), keras.tree.flatten(outputs)
        )

    def check_symbolic_outputs(self) -> None:
        """Shapes and dtypes are known before anything is computed, batch and lengths apart."""
        eager = to_arrays(self.outputs)
        longer = to_arrays(self.call(keras.tree.map_structure(lengthened, self.inputs), {}))
        known = self.functional_model(self.inputs, [], known=True).outputs
        unknown = self.functional_model(self.inputs, []).outputs
        for array, other, fixed, free in zip(eager, longer, known, unknown, strict=True):
            assert tuple(fixed.shape) == array.shape
            assert keras.backend.standardize_dtype(fixed.dtype) == array.dtype.name
            assert keras.backend.standardize_dtype(free.dtype) == array.dtype.name
            expected = [
                None if axis == 0 or size != other.shape[axis] else size
                for axis, size in enumerate(array.shape)
            ]
            assert list(free.shape) == expected

    def check_padding(self) -> None:
        """More padding changes nothing."""
        for name, mask in self.masks.items():
            inputs = {**self.inputs, name: lengthened(self.inputs[name])}
            longer = self.call(inputs, {**self.masks, name: lengthened(mask)})
            cropped = [
                one[tuple(slice(size) for size in other.shape)]
                for one, other in zip(to_arrays(longer), to_arrays(self.outputs), strict=True)
            ]
            assert_equal(cropped, self.outputs, f"more padding of `{name}`")
            garbage = np.where(mask[..., None], self.inputs[name], 3.0).astype("float32")
            found = self.call({**self.inputs, name: garbage}, self.masks)
            assert_equal(found, self.outputs, f"other values on the padding of `{name}`")

    def check_rows(self) -> None:
        """Who else is in the batch, and where, changes nothing."""
        batch = to_arrays(self.outputs)[0].shape[0]
        order = np.roll(np.arange(batch), 1)
        for rows in (order, *np.split(np.arange(batch), [1])):  # one alone, and the rest
            inputs = keras.tree.map_structure(lambda array, rows=rows: array[rows], self.inputs)
            found = self.call(inputs, {name: mask[rows] for name, mask in self.masks.items()})
            expected = [array[rows] for array in to_arrays(self.outputs)]
            assert_equal(found, expected, f"rows {rows} alone")

    def check_nothing_is_kept(self) -> None:
        """A call leaves no tensor on the layer, and other calls between change no answer."""
        other = keras.tree.map_structure(
            lambda array: array[::-1] if array.dtype.kind == "i" else array * 0.5, self.inputs
        )
        self.call(other, self.masks)
        assert_equal(self.call(self.inputs, self.masks), self.outputs, "the same call again")
        kept = [
            f"{layer.name}.{name}"
            for layer in self.layer._flatten_layers()
            for name, value in vars(layer).items()
            if not name.startswith("_losses") and any(map(is_tensor, keras.tree.flatten(value)))
        ]
        assert kept == []

    def check_gradients(self) -> None:
        """Every weight is learnt."""
        _, gradients = self.outputs_and_gradients(self.layer)
        weights = self.layer.trainable_variables
        without = [
            weight.path
            for weight, gradient in zip(weights, gradients, strict=True)
            if weight.name not in self.without_gradient
            and (gradient is None or not np.any(gradient))
        ]
        assert without == []

    def check_half_precision(self, policy: str) -> None:
        """Near the numbers of float32; after one step of descent still numbers."""
        layer = self.build(self.make(dtype=policy))
        assert all(weight.dtype == "float32" for weight in layer.trainable_variables)
        for weight, single in zip(layer.weights, self.layer.weights, strict=True):
            weight.assign(single)
        outputs, gradients = self.outputs_and_gradients(layer)
        assert_equal(outputs, self.outputs, policy, tolerance=0.05)
        for weight, gradient in zip(layer.trainable_variables, gradients, strict=True):
            if gradient is not None:
                assert np.all(np.isfinite(gradient)), f"{policy}: gradient of {weight.path}"
                weight.assign_sub(0.01 * gradient)
        for array in to_floats(self.call(self.inputs, self.masks, layer)):
            assert np.all(np.isfinite(array)), policy

    def outputs_and_gradients(self, layer: Any) -> Gradients:
        """The gradients are those of a sum over all outputs in which no two weigh the same."""

        def weigh(outputs: Any) -> Any:
            total = 0.0
            for output in keras.tree.flatten(outputs):
                if "float" in keras.backend.standardize_dtype(output.dtype):
                    size = int(np.prod(output.shape))
                    factors = np.cos(np.arange(size)).reshape(output.shape)
                    total += ops.sum(ops.cast(output, "float32") * factors.astype("float32"))
            return total

        if keras.backend.backend() == "tensorflow":
            return self._gradients_tensorflow(layer, weigh)
        return self._gradients_jax(layer, weigh)

    def _gradients_tensorflow(self, layer: Any, weigh: Callable[[Any], Any]) -> Gradients:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            outputs = self.call(self.inputs, self.masks, layer)
            total = weigh(outputs)
        gradients = tape.gradient(total, [each.value for each in layer.trainable_variables])
        return outputs, [
            None if each is None else tf.convert_to_tensor(each).numpy() for each in gradients
        ]

    def _gradients_jax(self, layer: Any, weigh: Callable[[Any], Any]) -> Gradients:
        import jax

        def total(trainable: Any) -> Any:
            with keras.StatelessScope(zip(layer.trainable_variables, trainable, strict=True)):
                outputs = self.call(self.inputs, self.masks, layer)
            return weigh(outputs), outputs

        values = [variable.value for variable in layer.trainable_variables]
        gradients, outputs = jax.grad(total, has_aux=True)(values)
        return outputs, [np.asarray(each) for each in gradients]

    def save(self, path: Path) -> None:
        """Writes the layer in a model, and beside it numbers for `test_saved_layers.py`."""
        marked = {
            name: np.where(self.masks[name][..., None], value, MARK)
            if name in self.masks
            else value
            for name, value in self.inputs.items()
        }
        model = self.functional_model(self.inputs, self.masks)
        model.save(f"{path}.keras")
        arrays = keras.tree.flatten(list(marked.values()))
        outputs = to_arrays(model(arrays))
        named = {f"input_{index}": array for index, array in enumerate(arrays)}
        named |= {f"output_{index}": array for index, array in enumerate(outputs)}
        np.savez(f"{path}.npz", allow_pickle=False, **named)


def is_tensor(value: Any) -> bool:
    return ops.is_tensor(value) and not isinstance(value, keras.Variable)
