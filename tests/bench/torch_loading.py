"""PyTorch's side of the bench's loading: examples/s of one epoch over MNIST's shuffled batches of 128, by a
DataLoader whose examples are tensors, and by taking rows of one tensor, as people write it.

    torch_loading.py FOLDER THREADS
"""
import gzip
import json
import sys
import time

import torch
from torch.utils.data import DataLoader, TensorDataset


def read(path, header):
    with gzip.open(path) as file:
        return torch.frombuffer(bytearray(file.read()[header:]), dtype=torch.uint8)


def main():
    torch.set_num_threads(int(sys.argv[2]))
    begin = time.perf_counter()
    x = read(f"{sys.argv[1]}/train-images-idx3-ubyte.gz", 16).view(-1, 1, 28, 28)
    y = read(f"{sys.argv[1]}/train-labels-idx1-ubyte.gz", 8).long()
    opened = time.perf_counter() - begin
    data = TensorDataset(x, y)

    def loader():
        for images, labels in DataLoader(data, batch_size=128, shuffle=True):
            images.float().div_(255)

    def rows():
        order = torch.randperm(len(x))
        for part in order.split(128):
            x[part].float().div_(255), y[part]

    rates = {}
    for name, epoch in (("loader", loader), ("rows", rows)):
        times = []
        for _ in range(3):
            begin = time.perf_counter()
            epoch()
            times.append(time.perf_counter() - begin)
        rates[name] = len(x) / min(times)
    print(json.dumps({"seconds_to_open": opened, **rates}))


if __name__ == "__main__":
    main()
