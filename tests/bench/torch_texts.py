"""PyTorch's side of the bench of texts: the encoders of texts.py under FreeLB, written as people write it.

    torch_texts.py THREADS plain f32|bf16 WORK SECONDS

prints one JSON line: examples/s, the median over training steps.
"""
import contextlib
import json
import statistics
import sys
import time

import texts
import torch
from torch import nn
from torch.nn import functional as F

STEPS, STEP, INIT, EPS = 3, 0.1, 0.1, 0.2


class Encoder(nn.Module):
    def __init__(self, width, heads, hidden, layers, length):
        super().__init__()
        self.embedding = nn.Embedding(texts.WORDS + 2, width, padding_idx=0)
        self.positions = nn.Parameter(0.02 * torch.randn(length, width))
        self.dropout = nn.Dropout(0.1)
        layer = nn.TransformerEncoderLayer(width, heads, hidden, 0.1, "gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.out = nn.Linear(width, texts.CLASSES)

    def forward(self, vectors, mask):
        x = self.encoder(self.dropout(vectors + self.positions[:vectors.shape[1]]), src_key_padding_mask=~mask)
        weight = mask.unsqueeze(-1).float()
        return self.out((x * weight).sum(1) / weight.sum(1))


def freelb(net, optimizer, tokens, mask, labels, precision):
    """Zhu et al. 2020, algorithm 1: gradients of the parameters are gathered over the steps."""
    weight = mask.unsqueeze(-1).float()
    size = (mask.sum(1) * net.embedding.embedding_dim).float().sqrt().view(-1, 1, 1)
    delta = torch.empty(*tokens.shape, net.embedding.embedding_dim).uniform_(-INIT, INIT) * weight / size
    optimizer.zero_grad()
    for step in range(STEPS):
        delta.requires_grad_(True)
        with torch.autocast("cpu", torch.bfloat16) if precision == "bf16" else contextlib.nullcontext():
            logits = net(net.embedding(tokens) + delta, mask)
        (F.cross_entropy(logits.float(), labels) / STEPS).backward()
        if step + 1 == STEPS:
            break
        gradient = delta.grad
        norm = gradient.flatten(1).norm(dim=1).clamp(min=1e-8).view(-1, 1, 1)
        moved = delta.detach() + STEP * gradient / norm
        length = moved.flatten(1).norm(dim=1).view(-1, 1, 1)
        delta = moved * (EPS / length.clamp(min=EPS))
    nn.utils.clip_grad_norm_(net.parameters(), 1)
    optimizer.step()


def main():
    threads, _, precision, work, seconds = sys.argv[1:]
    torch.manual_seed(1)
    torch.set_num_threads(int(threads))
    width, heads, hidden, layers, (_, most) = texts.NETS[work]
    net = Encoder(width, heads, hidden, layers, most)
    lengths = torch.tensor(texts.lengths(work))
    mask = torch.arange(most) < lengths.unsqueeze(1)
    tokens = torch.randint(2, texts.WORDS + 2, mask.shape) * mask
    labels = torch.arange(texts.BATCH) % texts.CLASSES
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.001, weight_decay=0.01)
    for _ in range(2):
        freelb(net, optimizer, tokens, mask, labels, precision)
    times = []
    begin = time.perf_counter()
    while len(times) < 2 or time.perf_counter() - begin < float(seconds):
        start = time.perf_counter()
        freelb(net, optimizer, tokens, mask, labels, precision)
        times.append(time.perf_counter() - start)
    print(json.dumps({"examples_per_second": texts.BATCH / statistics.median(times)}))


if __name__ == "__main__":
    main()
