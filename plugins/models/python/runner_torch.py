class TorchNet(Net):
    def __init__(self, net):
        global torch
        torch = sys.modules["torch"]
        if option.get("threads"):
            torch.set_num_threads(int(option["threads"]))
        self.net = net.to(option["device"]) if "device" in option else net
        first = next(iter(net.parameters()), torch.empty(0))
        self.device, self.type = first.device, first.dtype if first.dtype.is_floating_point else torch.float32
        self.embedding = self.mode = None
        accepted = inspect.signature(net.forward).parameters
        self.named = [word for word in ("attention_mask", "token_type_ids", "mask") if word in accepted]
        self.takes_vectors = "inputs_embeds" in accepted

    def made_with(self):
        how = getattr(torch.backends, "cpu", None)
        how = how.get_cpu_capability() if hasattr(how, "get_cpu_capability") else ""
        if self.device.type == "cuda":
            how = torch.cuda.get_device_name(self.device)
        return f"torch {torch.__version__} on {self.device.type} {how}".strip()

    def vectors(self, shape):
        modules, name = dict(self.net.named_modules()), option.get("embedding")
        if name is None:
            known = [name for name, module in modules.items() if isinstance(module, torch.nn.Embedding)]
            raise Fault("the data is text: name the module that turns ids into vectors in \"embedding\"; "
                        f"embeddings here: {', '.join(known) or 'none'}")
        if name not in modules:
            raise Fault(f"there is no module {name!r} to be the embedding")
        if self.embedding is None and not self.takes_vectors:
            modules[name].register_forward_hook(lambda *_: self.replacement)
        self.embedding, self.replacement = modules[name], None
        with torch.no_grad():
            return list(self.embed_ids(torch.zeros(1, shape[0], dtype=torch.int64)).shape[1:])

    def trial(self):
        self.set_mode(False)
        generator = torch.Generator().manual_seed(0)
        x = torch.rand([2, *self.reads], generator=generator)
        with torch.no_grad():
            return self.run(x, torch.ones(2, self.shape[0]) if self.text else None).shape[1]

    def parameters(self):
        self.trained = [(name, p) for name, p in self.net.named_parameters() if p.requires_grad]
        kept = [(name, p) for name, p in self.net.named_parameters() if not p.requires_grad]
        self.buffers = [b for b in self.net.buffers() if b.dtype != torch.bool]
        saved = set(self.net.state_dict(keep_vars=True))
        kept += [(name, b) for name, b in self.net.named_buffers()
                 if name in saved and b.dtype != torch.bool and b.numel() > 0]
        self.momentum = {id(b): m.momentum or 0.0 for m in self.net.modules()
                         if isinstance(m, torch.nn.modules.batchnorm._NormBase) for b in m.buffers()}
        self.shared = self.trained + kept
        return [(i < len(self.trained), name, list(p.shape)) for i, (name, p) in enumerate(self.shared)]

    def take(self, places):
        """Memory of the right kind is used in place; the rest is copied before and after."""
        self.gradients, self.copied = [], []
        for (_, tensor), (value, gradient) in zip(self.shared, places):
            value.copy_(tensor.detach())
            if tensor.device.type == "cpu" and tensor.dtype == torch.float32 and tensor.is_contiguous():
                tensor.data = value
            else:
                self.copied.append((tensor, value))
            if gradient is not None:
                self.gradients.append(gradient)

    def refresh(self):
        for tensor, value in self.copied:
            tensor.data.copy_(value)

    def set_mode(self, training):
        if self.mode != training:
            self.net.train(training)
            self.mode = training

    def run(self, x, mask):
        rows, x = x.shape[0], x.to(self.device, self.type)
        if self.text:
            given = {"attention_mask": (mask > 0).long(), "token_type_ids": (mask == 2).long(), "mask": mask}
            given = {word: given[word].to(self.device) for word in self.named}
            if self.takes_vectors:
                z = self.net(inputs_embeds=x, **given)
            else:
                self.replacement = x
                z = self.net(torch.zeros(mask.shape, dtype=torch.int64, device=self.device), **given)
                self.replacement = None
        else:
            z = self.net(x)
        z = getattr(z, "logits", z)
        if not isinstance(z, torch.Tensor):
            raise Fault(f"it gave an object of type {type(z).__name__}, expected a tensor of outputs (logits)")
        if not z.dtype.is_floating_point:
            raise Fault(f"it gave outputs of type {z.dtype}, expected floating-point logits, not classes")
        self.check_outputs(list(z.shape), rows)
        return z

    def forward(self, slot, rows, flags, key):
        training = bool(flags & TRAINING)
        self.set_mode(training)
        torch.default_generator.manual_seed(key >> 1)
        if self.device.type == "cuda":
            torch.cuda.manual_seed_all(key >> 1)
        x = slot.view("x", [rows, *self.reads])
        mask = slot.view("mask", [rows, self.shape[0]]) if self.text else None
        slot.tape = None  # frees its memory before more is needed
        before = [b.clone() for b in self.buffers] if training else []
        x.requires_grad_(bool(flags & AT_INPUT))
        with torch.set_grad_enabled(bool(flags & (AT_INPUT | AT_PARAMETERS))):
            z = self.run(x, mask).float()
        slot.view("outputs", [rows, self.outputs]).copy_(z.detach())
        learned = []
        if training and flags & LEARNS:
            self.publish()
        elif training:
            learned = [(was, b.clone()) for was, b in zip(before, self.buffers)]
            for was, b in zip(before, self.buffers):
                b.data.copy_(was)
        slot.tape = [x, z, learned] if z.requires_grad or flags & (AT_INPUT | AT_PARAMETERS) else None

    def backward(self, slot, rows, flags, key):
        x, z, learned = slot.tape
        if not (flags & AT_INPUT or self.trained):
            return
        if not z.requires_grad:
            raise Fault("its outputs have no gradient: something in it leaves PyTorch's graph, as detach(), "
                        ".numpy(), argmax or torch.no_grad() do")
        wanted = [x] if flags & AT_INPUT else []
        if flags & AT_PARAMETERS:
            wanted += [p for _, p in self.trained]
        cotangent = slot.view("cotangent", [rows, self.outputs]).to(z.device)
        found = list(torch.autograd.grad(z, wanted, cotangent, retain_graph=bool(flags & KEEP_TAPE),
                                         allow_unused=True))
        if flags & AT_INPUT:
            at_x = found.pop(0)
            if at_x is None:
                raise Fault("its outputs have no gradient at the input: something in it leaves PyTorch's graph, "
                            "as detach(), .numpy() or torch.tensor(x) do")
            slot.view("dx", [rows, *self.reads]).copy_(at_x)
        if flags & AT_PARAMETERS:
            for gradient, new in zip(self.gradients, found):
                if new is not None:
                    gradient.add_(new.to("cpu", torch.float32))
            self.learn(learned)
            slot.tape[2] = []
        if not flags & KEEP_TAPE:
            slot.tape = None

    def learn(self, learned):
        """Buffers as if this tape's forward pass came now: r becomes (1 - m) r + m b for a momentum m."""
        for b, (was, then) in zip(self.buffers, learned):
            moved = then - was
            if b.dtype.is_floating_point:
                moved = moved - self.momentum.get(id(b), 0.0) * (b - was)
            b.data.add_(moved)
        if learned:
            self.publish()

    def publish(self):
        """Buffers that the pass has changed, to where the host sees them."""
        for tensor, value in self.copied:
            if not isinstance(tensor, torch.nn.Parameter):
                value.copy_(tensor)

    def embed(self, slot, rows, flags, key):
        ids = slot.view("tokens", [rows, self.shape[0]], "q")
        with torch.no_grad():
            slot.view("x", [rows, *self.reads]).copy_(self.embed_ids(ids))

    def embed_ids(self, ids):
        self.replacement = None
        return self.embedding(ids.to(self.device))

    def accumulate(self, slot, rows, flags, key):
        own = {id(p) for p in self.embedding.parameters()}
        chosen = [(p, g) for (_, p), g in zip(self.trained, self.gradients) if id(p) in own]
        if not chosen:
            return
        vectors = self.embed_ids(slot.view("tokens", [rows, self.shape[0]], "q"))
        at_vectors = slot.view("dx", [rows, *self.reads]).to(vectors.device, vectors.dtype)
        found = torch.autograd.grad(vectors, [p for p, _ in chosen], at_vectors)
        for (_, gradient), new in zip(chosen, found):
            gradient.add_(new.to("cpu", torch.float32))


