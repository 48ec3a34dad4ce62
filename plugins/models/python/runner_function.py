class FunctionNet(Net):
    """A function of an array: net(x) gives outputs and a function that pulls a cotangent back."""

    def __init__(self, net):
        global numpy
        self.net = net
        if option.get("arrays") != "memoryview":
            try:
                import numpy as found
                numpy = found
            except ImportError:
                raise Fault(f"{name} is a function of arrays, and {sys.executable} has no NumPy: install it, name another "
                            "\"interpreter\", or say \"arrays\": \"memoryview\"")
        for word in ("device", "threads", "embedding"):
            if option.get(word):
                raise Fault(f"\"{word}\" is of a torch.nn.Module, and {name} is a function: leave it out")
        try:
            accepted = inspect.signature(net).parameters
        except (TypeError, ValueError):
            accepted = {}
        self.takes_mode = "training" in accepted
        self.values = getattr(net, "parameters", None) or {}
        if not isinstance(self.values, dict):
            raise Fault(f"{name}.parameters is of type {type(self.values).__name__}, expected a dict of arrays by name")
        for key, value in self.values.items():  # the net sees arrays of one type from the start
            self.values[key] = array(bytearray(4 * size_of(shape_of(value)) or 4), 0, shape_of(value))
            self.write(value, self.values[key], f"parameter {key}")

    def made_with(self):
        library = [w for w in ("jax", "numpy") if w in sys.modules]
        return f"{library[0]} {sys.modules[library[0]].__version__}" if library else "memoryviews"

    def trial(self):
        drawn = random.Random(0)
        memory = bytearray(struct.pack(f"<{2 * size_of(self.reads)}f",
                                       *(drawn.random() for _ in range(2 * size_of(self.reads)))))
        outputs, _ = self.run(array(memory, 0, [2, *self.reads]), False)
        return shape_of(outputs)[1]

    def run(self, x, training):
        given = {"training": training} if self.takes_mode else {}
        rows, result = x.shape[0], self.net(x, **given)
        if not isinstance(result, tuple) or len(result) != 2 or not callable(result[1]):
            raise Fault(f"it gave {self.what(result)}, expected the pair (outputs, pullback), where "
                        "pullback(cotangent) gives the gradient at x; jax.vjp(f, x) is such a pair")
        outputs = self.floats(result[0], "outputs")
        self.check_outputs(shape_of(outputs), rows)
        return outputs, result[1]

    def what(self, value):
        return f"a {type(value).__name__}" + (f" of {len(value)}" if isinstance(value, tuple) else "")

    def floats(self, values, what):
        if not numpy:
            return values
        values = numpy.asarray(values)
        if values.dtype.kind != "f" and not values.dtype.name.startswith(("bfloat16", "float8")):
            raise Fault(f"it gave {what} of type {values.dtype}, expected floating-point numbers")
        return values

    def write(self, values, target, what):
        """Into shared memory; lists of any depth where there is no NumPy."""
        if numpy:
            values = self.floats(values, what)
            if values.shape != target.shape:
                raise Fault(f"it gave a {what} of shape {plural(values.shape)}, expected {plural(target.shape)}")
            target[...] = values
            return
        flat, found = memoryview(target).cast("B").cast("f"), flattened(values)
        if len(found) != len(flat):
            raise Fault(f"it gave a {what} of {len(found)} values, expected {plural(target.shape)}")
        for i, value in enumerate(found):
            flat[i] = value

    def parameters(self):
        return [(True, key, shape_of(value)) for key, value in self.values.items()]

    def take(self, places):
        self.gradients = {}
        for key, (value, gradient) in zip(list(self.values), places):
            self.write(self.values[key], value, f"parameter {key}")
            self.values[key] = value
            self.gradients[key] = gradient

    def forward(self, slot, rows, flags, key):
        seed(key)
        outputs, pull = self.run(slot.view("x", [rows, *self.reads]), bool(flags & TRAINING))
        self.write(outputs, slot.view("outputs", [rows, self.outputs]), "outputs")
        slot.tape = pull

    def backward(self, slot, rows, flags, key):
        found = slot.tape(slot.view("cotangent", [rows, self.outputs]))
        at_parameters = None
        if self.values:
            if not isinstance(found, tuple) or len(found) != 2:
                raise Fault(f"its pullback gave {self.what(found)}, expected the pair (gradient at x, "
                            "dict of the gradients of its parameters)")
            found, at_parameters = found
        elif isinstance(found, tuple) and len(found) == 1:
            found = found[0]
        if flags & AT_INPUT:
            self.write(found, slot.view("dx", [rows, *self.reads]), "gradient")
        if flags & AT_PARAMETERS and at_parameters is not None:
            for key, gradient in self.gradients.items():
                self.add(at_parameters[key], gradient, key)
        if not flags & KEEP_TAPE:
            slot.tape = None

    def add(self, values, gradient, key):
        if numpy:
            gradient += self.floats(values, f"gradient of {key}").reshape(gradient.shape)
            return
        flat = memoryview(gradient).cast("B").cast("f")
        for i, value in enumerate(flattened(values)):
            flat[i] += value


def shape_of(values):
    if hasattr(values, "shape"):
        return list(values.shape)
    shape = []
    while hasattr(values, "__len__") and not isinstance(values, str):
        shape.append(len(values))
        values = values[0]
    return shape


def flattened(values):
    """The numbers in lists of lists, arrays or views, in order."""
    if hasattr(values, "tolist"):
        values = values.tolist()
    return [number for value in values for number in flattened(value)] if isinstance(values, (list, tuple)) else [values]


