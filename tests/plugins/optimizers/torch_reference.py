"""Steps of torch.optim on given tensors: torch_reference.py FOLDER

FOLDER/cases.json lists {"class", "options"}; FOLDER/start and FOLDER/gradients hold float32 values,
size and steps x size of them. Writes FOLDER/result: the parameter of every case after all steps.
"""
import json
import sys

import numpy
import torch

folder = sys.argv[1]
start = numpy.fromfile(folder + "/start", numpy.float32)
gradients = numpy.fromfile(folder + "/gradients", numpy.float32).reshape(-1, start.size)
results = []
for case in json.load(open(folder + "/cases.json")):
    parameter = torch.nn.Parameter(torch.from_numpy(start.copy()))
    optimizer = getattr(torch.optim, case["class"])([parameter], **case["options"])
    for gradient in gradients:
        parameter.grad = torch.from_numpy(gradient.copy())
        optimizer.step()
    results.append(parameter.detach().numpy())
numpy.concatenate(results).tofile(folder + "/result")
