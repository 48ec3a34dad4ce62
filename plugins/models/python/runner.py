# Runs in the child. Loads the user's net and answers the plugin's requests (protocol.hpp); arrays lie in
# memory that both map (slot.hpp, parameters.hpp).
import sys
path, name = sys.argv[1:3]
folder = sys.path[0] = path.rpartition("/")[0]  # as for "python3 net.py"
import faulthandler, hashlib, importlib.machinery, inspect, mmap, os, platform, random, signal, socket, struct, traceback, types

option = dict(word.split("=", 1) for word in sys.argv[3:])
REQUEST, REPLY = struct.Struct("<IIIiqqQ"), struct.Struct("<IIq")
TASKS = ["", "", "forward", "backward", "embed", "accumulate"]
TRAINING, AT_INPUT, AT_PARAMETERS, STALE, LEARNS, KEEP_TAPE = 1, 2, 4, 8, 16, 32
torch = numpy = None  # modules, where they are there and needed


class Fault(Exception):
    """Said to the user as it is, without a place."""


def aligned(size):
    return (size + 63) // 64 * 64


def size_of(shape):
    size = 1
    for extent in shape:
        size *= extent
    return size


def plural(shape):
    return "[" + ",".join(str(extent) for extent in shape) + "]"


def array(memory, offset, shape, kind="f"):
    """A view of shared memory, of whatever the net works with. Kind q: int64."""
    count = size_of(shape)
    if torch:
        return torch.frombuffer(memory, dtype=torch.float32 if kind == "f" else torch.int64,
                                count=count, offset=offset).view(shape)
    if numpy:
        return numpy.frombuffer(memory, kind, count, offset).reshape(shape)
    view = memoryview(memory)[offset:offset + count * (4 if kind == "f" else 8)]
    return view.cast(kind, shape or [1])


class Slot:
    """One tape: its arrays, and what the forward pass left."""

    def __init__(self, file):
        self.file, self.room, self.tape = file, 0, None

    def lay_out(self, room, net):
        if room == self.room:
            return
        positions = net.shape[0] if net.text else 0
        self.room, self.at, end = room, {}, 0
        for part, width, size in (("x", size_of(net.reads), 4), ("dx", size_of(net.reads), 4),
                                  ("outputs", net.outputs, 4), ("cotangent", net.outputs, 4),
                                  ("mask", positions, 4), ("tokens", positions, 8)):
            self.at[part] = end
            end += aligned(room * width * size)
        self.memory = mmap.mmap(self.file, end)

    def view(self, part, shape, kind="f"):
        return array(self.memory, self.at[part], shape, kind)


class Net:
    """What every kind of net has; `reads` is the shape of an example as the net gets it."""
    text = False
    outputs = 0

    def set_up(self, shape, text):
        self.shape, self.text = shape, text
        self.reads = self.vectors(shape) if text else shape
        self.outputs = self.trial()

    def vectors(self, shape):
        raise Fault("the data is text, and a function of arrays has no embedding: give a torch.nn.Module")

    def check_outputs(self, shape, rows):
        if len(shape) != 2 or shape[0] != rows or (self.outputs and shape[1] != self.outputs) or shape[1] < 1:
            raise Fault(f"it gave outputs of shape {plural(shape)} for {rows} examples of shape {plural(self.reads)}, "
                        f"expected {plural([rows, self.outputs or 'outputs'])}: a row of outputs (logits) for each example")

    def share(self, file):
        """Moves the parameters into shared memory and tells their table."""
        table, places, end = [], [], 0
        for trained, name, shape in self.parameters():
            size = aligned(4 * size_of(shape))
            if size == 0:
                raise Fault(f"the parameter {name} is empty")
            table.append(f"{int(trained)}\t{name}\t{' '.join(map(str, shape))}")
            places.append((end, end + size if trained else None, shape))
            end += 2 * size if trained else size
        if end:
            os.ftruncate(file, end)
            memory = mmap.mmap(file, end)
            self.take([(array(memory, value, shape), None if gradient is None else array(memory, gradient, shape))
                       for value, gradient, shape in places])
        return "\n".join(table)

    def take(self, places):
        pass

    def parameters(self):
        return []

    def refresh(self):
        pass


#include runner_torch.py
#include runner_function.py
class Seeding:
    """Seeds PyTorch and NumPy when they are imported, so that nets made in the user's file start the same."""

    def find_spec(self, name, path=None, target=None):
        spec = importlib.machinery.PathFinder.find_spec(name) if name in ("torch", "numpy") else None
        if spec is None or spec.loader is None:
            return None
        run = spec.loader.exec_module

        def run_and_seed(module):
            run(module)
            seed(int(option["key"]), {name: module})
        spec.loader.exec_module = run_and_seed
        return spec


def load():
    """The user's net, by the name after the colon."""
    sys.meta_path.insert(0, Seeding())
    random.seed(int(option["key"]))
    with open(path, "rb") as file:
        source = file.read()
    stem = os.path.basename(path)[:-3]
    module = types.ModuleType(stem if stem not in sys.modules else "spar_" + stem)
    module.__file__ = path
    sys.modules[module.__name__] = module
    exec(compile(source, path, "exec"), module.__dict__)
    net = module
    for part in name.split("."):
        if not hasattr(net, part):
            names = [n for n, value in vars(module).items() if callable(value) and not n.startswith("_")]
            raise Fault(f"there is no {part!r} in it; it defines {', '.join(names) or 'nothing that can be called'}")
        net = getattr(net, part)
    if not callable(net):
        raise Fault(f"{name} is of type {type(net).__name__}, expected a torch.nn.Module or a function")
    seed(int(option["key"]))
    if not is_module(net) and makes_nets(net):
        net = net()
    made = TorchNet(net) if is_module(net) else FunctionNet(net)
    return made, hashlib.sha256(source).hexdigest()[:12]


def is_module(net):
    return "torch" in sys.modules and isinstance(net, sys.modules["torch"].nn.Module)


def makes_nets(net):
    """Whether it is a class, or a function that can be called without arguments."""
    if isinstance(net, type):
        return True
    try:
        parameters = inspect.signature(net).parameters.values()
    except (TypeError, ValueError):
        return False
    return not any(p.kind == p.VAR_POSITIONAL or (p.default is p.empty and p.kind in (
        p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)) for p in parameters)


def seed(key, modules=sys.modules):
    random.seed(key)
    if "numpy" in modules:
        modules["numpy"].random.seed(key & 0xFFFFFFFF)
    if "torch" in modules:
        modules["torch"].manual_seed(key & 0x7FFFFFFFFFFFFFFF)


def explanation(error):
    """What went wrong and where, on one line: the last frames outside this file."""
    if isinstance(error, Fault):
        return str(error)
    what = " ".join("".join(traceback.format_exception_only(type(error), error)).split())
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename != "<string>"]
    own = [f for f in frames if f.filename.startswith(folder)]
    chosen = own[-1:] + [f for f in frames[-1:] if f not in own]
    places = [f"{os.path.basename(f.filename)}, line {f.lineno}, in {f.name}: {f.line}" for f in chosen]
    return what[:500] + "".join(f" ({place})" for place in places)


def serve(net, peer, slots, file):
    while True:
        head = peer.recv(REQUEST.size, socket.MSG_WAITALL)
        if len(head) < REQUEST.size:
            return
        task, length, flags, slot, rows, room, key = REQUEST.unpack(head)
        text = peer.recv(length, socket.MSG_WAITALL).decode() if length else ""
        status, value, answer = 0, 0, ""
        try:
            if task <= 1:
                kind, *shape = text.split()
                net.set_up([int(extent) for extent in shape], kind == "text")
                value = net.outputs
                if task == 1:
                    answer = " ".join(map(str, net.reads)) + "\n" + net.share(file)
            else:
                slot = slots[slot]
                slot.lay_out(room, net)
                if flags & STALE:
                    net.refresh()
                getattr(net, TASKS[task])(slot, rows, flags, key)
        except BaseException as error:
            status, answer = 1, explanation(error)
        answer = answer.encode()
        peer.sendall(REPLY.pack(status, len(answer), value) + answer)


def main():
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)
    peer = socket.socket(fileno=int(option["socket"]))
    files = [int(file) for file in option["files"].split(",")]
    for file in [peer.fileno(), *files]:
        os.set_inheritable(file, False)
    try:
        net, mark = load()
        status, answer = 0, f"python {platform.python_version()}, {net.made_with()}, {os.path.basename(path)} {mark}"
    except BaseException as error:
        status, answer = 1, explanation(error)
    answer = answer.encode()
    peer.sendall(REPLY.pack(status, len(answer), 0) + answer)
    if status == 0:
        serve(net, peer, [Slot(file) for file in files[1:]], files[0])


main()
