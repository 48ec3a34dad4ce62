"""Records what PyTorch makes of layers over texts: torch_record.py > torch_recorded.jsonl

A line is a case: our layers, the shapes of PyTorch's state dict in its order, the outputs of a few texts, padded but for
the first, and the gradients at the inputs and parameters, in double precision. Inputs and parameters are those that
`number` gives, here and in the test. What PyTorch has no layer for is written out from its paper.
"""
import json
import math

import torch
from torch import nn

torch.set_default_dtype(torch.float64)
ROWS, LENGTH, DIM, HEADS = 3, 6, 12, 4
TOKENS = [LENGTH, 4, 1]
POOL = [{"type": "mean_pool"}, {"type": "linear", "out": 3}]


def number(tensor, index):
    """In [-0.5, 0.5)."""
    word = (index * 2654435761 + tensor * 40503 + 12345) % 2**32
    word ^= word >> 15
    word = word * 2246822519 % 2**32
    word ^= word >> 13
    return word / 2**32 - 0.5


def numbers(tensor, shape, scale):
    values = torch.tensor([scale * number(tensor, i) for i in range(math.prod(shape))], dtype=torch.float32)
    return values.double().reshape(shape)


class Attention(nn.MultiheadAttention):
    """PyTorch's, to itself; `bias`, [heads, length, length], is added to the scores."""
    def __init__(self, heads=HEADS, bias=None):
        super().__init__(DIM, heads, batch_first=True)
        self.added = bias

    def bias(self, n):
        return self.added(n)

    def forward(self, x, mask):
        n = x.shape[1]
        bias = None if self.added is None else self.bias(n).repeat(len(x), 1, 1)
        away = torch.zeros(mask.shape).masked_fill(mask == 0, -torch.inf)
        return super().forward(x, x, x, away, attn_mask=bias, need_weights=False)[0]


def allowed(pairs):
    """0 where a pair is allowed, else minus infinity, for all heads."""
    return torch.zeros(pairs.shape).masked_fill(~pairs, -torch.inf).expand(HEADS, -1, -1)


def distance(n):
    return torch.arange(n)[None, :] - torch.arange(n)[:, None]  # key less query


def slopes(heads):
    """The authors' program for ALiBi (Press et al. 2022)."""
    def of_power_of_2(n):
        start = 2**(-2**-(math.log2(n) - 3))
        return [start * start**i for i in range(n)]
    if math.log2(heads).is_integer():
        return of_power_of_2(heads)
    closest = 2**math.floor(math.log2(heads))
    return of_power_of_2(closest) + slopes(2 * closest)[0::2][:heads - closest]


def alibi(heads, causal=False):
    def bias(n):
        d = distance(n)
        own = -torch.tensor(slopes(heads))[:, None, None] * d.abs()
        return own.masked_fill(d > 0, -torch.inf) if causal else own
    return bias


class Relative(Attention):
    """A learned number for each head and distance: T5's bias (Raffel et al. 2020) with a bucket for every distance."""
    def __init__(self, heads):
        super().__init__(heads, bias=True)
        self.relative_bias = nn.Parameter(torch.empty(HEADS, 2 * LENGTH - 1))

    def bias(self, n):
        return self.relative_bias[:, LENGTH - 1 + distance(n)]


class WrittenOut(nn.MultiheadAttention):
    """Attention by its formula, text by text, with scores of its own."""
    def __init__(self, heads=HEADS):
        super().__init__(DIM, heads)

    def forward(self, x, mask):
        every = []
        for text, count in zip(x, mask.sum(1).long()):
            q, k, v = (nn.functional.linear(text[:count], w, b).unflatten(1, (self.num_heads, -1)).transpose(0, 1)
                       for w, b in zip(self.in_proj_weight.chunk(3), self.in_proj_bias.chunk(3)))
            gathered = self.scores(q, k).softmax(2) @ v
            every.append(nn.functional.pad(self.out_proj(gathered.transpose(0, 1).flatten(1)),
                                           (0, 0, 0, len(text) - count)))
        return torch.stack(every)


class Rotary(WrittenOut):
    """Su et al. 2021, equations 14 and 15: (R_m q)^T (R_n k) / sqrt(d), R of rotations in the planes of two values."""
    def scores(self, q, k):
        n, width = q.shape[1:]
        turn = torch.zeros(n, width, width)
        for m in range(n):
            for i in range(width // 2):
                angle = m * 10000**(-2 * i / width)
                turn[m, 2 * i:2 * i + 2, 2 * i:2 * i + 2] = torch.tensor(
                    [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        q, k = (torch.einsum("nij,hnj->hni", turn, x) for x in (q, k))
        return q @ k.transpose(1, 2) / math.sqrt(width)


class Additive(WrittenOut):
    """Bahdanau et al. 2015: v^T tanh(q + k), with the projections of attention as their W and U."""
    def __init__(self, heads):
        super().__init__(heads)
        self.score_weight = nn.Parameter(torch.empty(HEADS, DIM // HEADS))

    def scores(self, q, k):
        return torch.einsum("hd,hqkd->hqk", self.score_weight, torch.tanh(q[:, :, None] + k[:, None]))


class MeanPool(nn.Module):
    def forward(self, x, mask):
        return (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


class MaxPool(nn.Module):
    def forward(self, x, mask):
        return x.masked_fill(mask[..., None] == 0, -torch.inf).max(1).values


class First(nn.Module):
    def forward(self, x, mask):
        return x[:, 0]


class AttentionPool(nn.Module):
    """sum_i softmax_i(x_i w) x_i"""
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(1, DIM))

    def forward(self, x, mask):
        shares = (x @ self.weight[0]).masked_fill(mask == 0, -torch.inf).softmax(1)
        return (shares[..., None] * x).sum(1)


class Positions(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(LENGTH, DIM))

    def forward(self, x, mask):
        return x + self.weight


class Encoder(nn.TransformerEncoder):
    def __init__(self, layers, norm=None, **own):
        layer = nn.TransformerEncoderLayer(DIM, HEADS, 8, 0.0, batch_first=True, **own)
        super().__init__(layer, layers, norm, enable_nested_tensor=False)

    def forward(self, x, mask):
        return super().forward(x, src_key_padding_mask=mask == 0)


class Decoder(nn.TransformerDecoder):
    """Of learned queries that look at the text."""
    def __init__(self, layers, count, norm=None, causal=False, **own):
        super().__init__(nn.TransformerDecoderLayer(DIM, HEADS, 8, 0.0, batch_first=True, **own), layers, norm)
        self.queries = nn.Parameter(torch.empty(count, DIM))
        self.causal = causal

    def forward(self, x, mask):
        later = nn.Transformer.generate_square_subsequent_mask(len(self.queries)) if self.causal else None
        return super().forward(self.queries.expand(len(x), -1, -1), x, tgt_mask=later,
                               memory_key_padding_mask=torch.zeros(mask.shape).masked_fill(mask == 0, -torch.inf))


class Mean(nn.Module):
    """Of all vectors."""
    def forward(self, x, mask):
        return x.mean(1)


def packed(kind):
    class Packed(kind):
        """All states, or the last of each direction."""
        def __init__(self, hidden, last=False, **own):
            super().__init__(DIM, hidden, batch_first=True, **own)
            self.last = last

        def forward(self, x, mask):
            texts = nn.utils.rnn.pack_padded_sequence(x, mask.sum(1).long(), True, enforce_sorted=False)
            states, end = super().forward(texts)
            if self.last:
                end = end[0] if isinstance(end, tuple) else end
                directions = 2 if self.bidirectional else 1
                return end[-directions:].transpose(0, 1).flatten(1)
            return nn.utils.rnn.pad_packed_sequence(states, True, total_length=x.shape[1])[0]

    return Packed


class Done(nn.Module):
    """A place in the list, for a layer whose work the one before has done."""
    def forward(self, x, mask):
        return x


class Windows(nn.Conv1d):
    """The greatest value over the windows of each text by itself."""
    def forward(self, x, mask):
        texts = [text[:count].T for text, count in zip(x, mask.sum(1).long())]
        return torch.stack([super(Windows, self).forward(text).max(1).values for text in texts])


class Net(nn.Sequential):
    def forward(self, x, mask):
        for layer in self:
            x = layer(x) if isinstance(layer, nn.Linear) else layer(x, mask)
        return x


def cases():
    def attention(module=None, bias=None, heads=HEADS, **own):
        return [{"type": "attention", "heads": heads, **own}, *POOL], Net(
            module(heads) if module else Attention(heads, bias), MeanPool(), nn.Linear(DIM, 3))

    def encoder(layers, pool, module, first=(), **own):
        node = {"type": "transformer", "layers": layers, "heads": HEADS, "hidden": 8, **own}
        return node, (*first, module, pool, nn.Linear(DIM, 3))

    yield "nn.MultiheadAttention with key_padding_mask", attention()
    yield "nn.MultiheadAttention with a causal mask", attention(bias=lambda n: allowed(distance(n) <= 0), causal=True)
    yield "a window of 2 to either side", attention(bias=lambda n: allowed(distance(n).abs() <= 2), window=2)
    yield "a causal window of 1", attention(
        bias=lambda n: allowed((distance(n) <= 0) & (distance(n) >= -1)), window=1, causal=True)
    yield "rotary positions", attention(Rotary, heads=3, positions="rotary")
    yield "ALiBi of 4 heads", attention(bias=alibi(4), positions="alibi")
    yield "ALiBi of 6 heads, causal", attention(bias=alibi(6, True), heads=6, positions="alibi", causal=True)
    yield "relative positions", attention(Relative, positions="relative")
    yield "additive scores", attention(Additive, score="additive")
    yield "attention_pool", ([{"type": "attention_pool"}, {"type": "linear", "out": 3}],
                             Net(AttentionPool(), nn.Linear(DIM, 3)))

    last = {"type": "linear", "out": 3}
    node, modules = encoder(2, MaxPool(), Encoder(2))
    yield "nn.TransformerEncoder, post-norm", ([node, {"type": "max_over_positions"}, last], Net(*modules))
    own = {"activation": "gelu", "norm_first": True}
    node, modules = encoder(2, First(), Encoder(2, nn.LayerNorm(DIM), **own), [Positions()], norm=True, **own)
    yield "nn.TransformerEncoder, pre-norm", (
        [{"type": "positions"}, node, {"type": "first_position"}, last], Net(*modules))
    node, modules = encoder(2, Mean(), Decoder(2, 3), queries=3)
    yield "nn.TransformerDecoder, post-norm", ([node, *POOL], Net(*modules))
    node, modules = encoder(1, Mean(), Decoder(1, 4, nn.LayerNorm(DIM), True, **own), queries=4, norm=True, causal=True,
                            **own)
    yield "nn.TransformerDecoder, pre-norm and causal", ([node, *POOL], Net(*modules))

    for kind in (nn.LSTM, nn.GRU):
        name = kind.__name__.lower()
        both = {"type": name, "hidden": 4, "layers": 2, "bidirectional": True}
        yield f"nn.{kind.__name__} of packed sequences, two layers in both directions", (
            [both, *POOL], Net(packed(kind)(4, num_layers=2, bidirectional=True), MeanPool(), nn.Linear(8, 3)))
        yield f"nn.{kind.__name__}, last states of both directions without biases", (
            [{**both, "layers": 1, "bias": False, "output": "last"}, last],
            Net(packed(kind)(4, last=True, bidirectional=True, bias=False), nn.Linear(8, 3)))

    for own in ({"kernel": 3, "padding": 1}, {"kernel": 2, "padding": 1, "stride": 2}):
        node = {"type": "conv1d", "out": 5, **own}
        module = Windows(DIM, 5, own["kernel"], own.get("stride", 1), own["padding"])
        yield f"nn.Conv1d {own}", ([node, {"type": "max_over_positions"}, last], Net(module, Done(), nn.Linear(5, 3)))


def rounded(tensor):
    return [float(f"{value:.7g}") for value in tensor.flatten().tolist()]


def record(name, layers, net):
    for k, parameter in enumerate(net.parameters()):
        parameter.data = numbers(k + 1, parameter.shape, 0.8)
    mask = (torch.arange(LENGTH)[None, :] < torch.tensor(TOKENS)[:, None]).double()
    x = numbers(0, (ROWS, LENGTH, DIM), 2).requires_grad_()
    y = net(x, mask)
    places = 7 * (100 + torch.arange(ROWS))[:, None] + 3 * torch.arange(3)[None, :]
    y.backward(0.2 * (places % 11) - 0.9 + 0.1 * y.detach())
    parameters = dict(net.named_parameters())
    assert list(parameters) == list(net.state_dict())
    return {"name": name, "torch": torch.__version__, "layers": layers, "input": [LENGTH, DIM], "tokens": TOKENS,
            "shapes": [[own, list(p.shape)] for own, p in parameters.items()], "outputs": rounded(y),
            "dx": rounded(x.grad), "gradients": {own: rounded(p.grad) for own, p in parameters.items()}}


for name, (layers, net) in cases():
    print(json.dumps(record(name, layers, net), separators=(",", ":")))
