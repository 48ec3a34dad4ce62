// The text of the host's grammar; see text/schema.hpp for the keywords. The words of a threat model
// and of precisions are filled in from threat_words.hpp.
#pragma once

namespace spar::host {

inline constexpr const char *grammar_text = R"JSON({
  "$schema": "http://json-schema.org/draft-07/schema#",
  "title": "Spar pipeline",
  "type": "object",
  "properties": {
    "$schema": {"type": "string", "description": "for editors"},
    "$crafting": {"type": "array", "items": {"type": "object"}, "description": "what crafts with which loss: written into plan.json, and read nowhere"},
    "description": {"type": "string", "description": "for people"},
    "version": {"enum": [1, 2], "description": "of this grammar; 2 is the present one"},
    "name": {"type": "string", "minLength": 1, "maxLength": 100, "description": "of the run; letters, digits, '.', '_', '-'"},
    "seed": {"type": "integer", "minimum": 0, "default": 1, "description": "of every random number"},
    "data": {"$ref": "#/definitions/data"},
    "model": {"type": "object", "x-spar-kind": "model", "description": "what is trained and attacked",
      "x-spar-host": {"properties": {
        "weights": {"type": "string", "x-spar-path": true, "description": "file of the parameters to start from: safetensors, a state_dict that torch.save wrote, or the index (.index.json) of several such files"},
        "weights_map": {"type": "object", "description": "how that file names the parameters, and what of it is taken; names that end in * stand for all that begin so",
          "properties": {
            "key": {"type": "string", "minLength": 1, "description": "the entry of a checkpoint that holds the tensors, as state_dict; a.b is an entry of an entry"},
            "prefix": {"type": "string", "minLength": 1, "description": "what the file's names begin with and the model's do not, as module.; all other names here are without it"},
            "rename": {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}, "description": "a tensor's name in the file, and the parameter's; or, for all tensors of a module at once, the module's two names; {i}, {j}, {k} in both are any numbers"},
            "join": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}, "minItems": 1}, "description": "a parameter's name, and the tensors of the file that it is made of, one after the other along the first axis; with {i}, {j}, {k} as in rename"},
            "initial": {"type": "array", "items": {"type": "string"}, "description": "parameters that keep their initial values, as a new classifier does"},
            "first_rows": {"type": "array", "items": {"type": "string"}, "description": "parameters that take the first rows of a longer tensor, as positions do"},
            "ignore": {"type": "array", "items": {"type": "string"}, "description": "tensors of the file that the model does not have"},
            "strict": {"type": "boolean", "default": true, "description": "whether all must fit; if not, parameters that are missing or of another shape keep their initial values, tensors that the model does not have are left out, and results and a warning tell"}},
          "additionalProperties": false}}}},
    "threat": {"$ref": "#/definitions/threat"},
    "train": {"$ref": "#/definitions/train"},
    "evaluate": {"$ref": "#/definitions/evaluate"},
    "report": {"type": "array", "items": {"type": "object", "x-spar-kind": "reporter"}, "default": [], "description": "where the results go"}
  },
  "required": ["version", "name", "data", "model"],
  "additionalProperties": false,
  "definitions": {
    "data": {
      "description": "where the examples come from",
      "type": "object",
      "properties": {
        "train": {"type": "object", "x-spar-kind": "dataset", "description": "examples to train on"},
        "validation": {"type": "object", "description": "examples that each epoch is measured on: held out of training, or a dataset of their own",
          "properties": {
            "dataset": {"type": "object", "x-spar-kind": "dataset", "description": "where they come from; without, they are held out of train"},
            "examples": {"type": "integer", "minimum": 1, "description": "how many; without, all of the dataset"},
            "split": {"$ref": "#/definitions/split", "default": "drawn"}},
          "additionalProperties": false},
        "unlabelled": {"type": "object", "x-spar-kind": "dataset", "description": "more examples to train on, whose labels, if any, are ignored; for methods with a term that needs none, as vat"},
        "test": {"type": "object", "x-spar-kind": "dataset", "description": "examples to evaluate on"},
        "tokenizer": {"type": "object", "x-spar-kind": "tokenizer", "description": "makes tokens of texts, for all of these datasets; its vocabulary comes from the model's weights if they hold one, or else from train and unlabelled"},
        "max_length": {"type": "integer", "minimum": 1, "maximum": 65536, "description": "tokens of a text; longer ones are cut; without, 64"},
        "form": {"type": "string", "enum": ["tokens", "presence"], "description": "what becomes of a text: its tokens in their order, or one value for each token of the vocabulary, 1 where it occurs and else 0; without, tokens"}
      },
      "additionalProperties": false
    },
    "split": {"type": "string", "enum": ["drawn", "first", "last"], "description": "which examples are chosen; drawn: at random by the seed, each class its share"},
    "threat": {
      "description": "what an adversary may do to an example: the ball, the box and the goal",
      "type": "object",
      "properties": {
        "norm": {"type": "string", "enum": [], "description": "in which distances are measured"},
        "eps": {"type": "number", "minimum": 0, "maximum": 1e30, "description": "radius of the ball, in the units of the space; under l0 a whole number, of values, pixels or words that may change, or for words, below 1, a share of the text's, rounded up"},
        "group": {"type": "string", "enum": [], "default": "none", "description": "values that belong together; pixel: l0 counts pixels, the channels at one place of an image, instead of values; token: under other norms, every token of a text has a ball of its own; word: what l0 counts in the space of tokens, where it need not be given"},
        "lower": {"type": "number", "description": "least value; without, the dataset's"},
        "upper": {"type": "number", "description": "largest value; without, the dataset's"},
        "space": {"type": "string", "enum": [], "default": "input", "description": "what is perturbed; tokens: the words of a text, under l0"},
        "parameter": {"type": "string", "minLength": 1, "description": "name of the parameter, in the space of parameters"},
        "site": {"type": "string", "minLength": 1, "description": "what is perturbed in the space of a site: a site's name, as 2.layers.0.self_attn.logits, or attention_logits, the logits of all layers at once"},
        "target": {
          "oneOf": [
            {"type": "string", "enum": []},
            {"type": "integer", "minimum": 0}],
          "default": "none",
          "description": "class to reach; none: any but the right one"},
        "queries": {"type": "integer", "minimum": 0, "default": 0, "description": "most queries per example; 0: no limit"}
      },
      "required": ["norm", "eps"],
      "additionalProperties": false
    },
    "schedule": {
      "description": "factor on the learning rate over the run",
      "oneOf": [
        {"type": "object", "description": "always 1", "properties": {
          "type": {"const": "constant"}, "warmup_epochs": {"$ref": "#/definitions/warmup", "default": 0}},
          "required": ["type"], "additionalProperties": false},
        {"type": "object", "description": "gamma to the number of milestones passed", "properties": {
          "type": {"const": "step"}, "warmup_epochs": {"$ref": "#/definitions/warmup", "default": 0},
          "milestones": {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1e9}, "minItems": 1, "description": "epochs"},
          "gamma": {"type": "number", "exclusiveMinimum": 0, "maximum": 1e6, "default": 0.1, "description": "factor at each milestone"}},
          "required": ["type", "milestones"], "additionalProperties": false},
        {"type": "object", "description": "half a cosine from 1 to final", "properties": {
          "type": {"const": "cosine"}, "warmup_epochs": {"$ref": "#/definitions/warmup", "default": 0},
          "final": {"$ref": "#/definitions/final", "default": 0}},
          "required": ["type"], "additionalProperties": false},
        {"type": "object", "description": "straight from 1 to final", "properties": {
          "type": {"const": "linear"}, "warmup_epochs": {"$ref": "#/definitions/warmup", "default": 0},
          "final": {"$ref": "#/definitions/final", "default": 0}},
          "required": ["type"], "additionalProperties": false},
        {"type": "object", "description": "straight up from 0 to 1, then down to final", "properties": {
          "type": {"const": "cyclic"},
          "peak": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "default": 0.4, "description": "share of the run at which the factor is 1"},
          "final": {"$ref": "#/definitions/final", "default": 0}},
          "required": ["type"], "additionalProperties": false}
      ]
    },
    "warmup": {"type": "number", "minimum": 0, "maximum": 1e9, "description": "epochs of a linear rise to the full rate"},
    "final": {"type": "number", "minimum": 0, "maximum": 1e6, "description": "factor at the end"},
    "train": {
      "description": "how the model is trained; without, it is only evaluated",
      "type": "object",
      "properties": {
        "method": {"type": "object", "x-spar-kind": "method", "description": "from a batch to gradients"},
        "loss": {"type": "object", "x-spar-kind": "loss", "description": "what training makes fall"},
        "optimizer": {"type": "object", "x-spar-kind": "optimizer", "description": "from gradients to new parameters"},
        "augment": {"type": "array", "items": {"type": "object", "x-spar-kind": "transform"}, "maxItems": 100, "description": "transforms of the training examples, in order, drawn anew in every epoch; never in validation or evaluation"},
        "epochs": {"type": "integer", "minimum": 1, "maximum": 1000000, "description": "times through the data"},
        "batch_size": {"type": "integer", "minimum": 1, "maximum": 1048576, "default": 128, "description": "examples of one step"},
        "unlabelled_batch_size": {"type": "integer", "minimum": 1, "maximum": 1048576, "description": "examples of the unlabelled set that each step has besides; left out: as many as batch_size"},
        "drop_last": {"type": "boolean", "default": false, "description": "drop the incomplete batch at the end of each epoch; different examples each time, as the order changes"},
        "schedule": {"$ref": "#/definitions/schedule", "default": {"type": "constant"}},
        "eps_warmup_epochs": {"type": "number", "minimum": 0, "maximum": 1e9, "default": 0, "description": "epochs of a linear rise of the threat's eps to its full size; small networks that otherwise learn nothing may need it"},
        "attack_precision": {"type": "string", "enum": [], "default": "bf16", "description": "of passes that only an attack during training needs; bf16: in bfloat16 where the model and the processor (AMX) can, otherwise in f32. Gradients of parameters, attacks on a divergence from clean outputs, and evaluation stay f32"},
        "clip": {"type": "object", "description": "bounds on the gradients", "properties": {
          "norm": {"type": "number", "exclusiveMinimum": 0, "description": "most Euclidean norm of all of them together"},
          "value": {"type": "number", "exclusiveMinimum": 0, "description": "most size of any one"}},
          "additionalProperties": false},
        "ema": {"type": "object", "description": "evaluate and save a moving average of the parameters", "properties": {
          "decay": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "description": "share of the average kept at each step"},
          "warmup": {"type": "boolean", "default": true, "description": "keep less at first: at most (1 + t) / (10 + t) in step t, so that the first, untrained parameters are soon forgotten"}},
          "required": ["decay"], "additionalProperties": false},
        "examples": {"type": "integer", "minimum": 1, "description": "train on only this many"},
        "split": {"$ref": "#/definitions/split", "default": "drawn"},
        "validate_attack": {"type": "object", "x-spar-kind": "attack", "description": "for the robust validation accuracy of every epoch"},
        "checkpoint_every": {"type": "integer", "minimum": 1, "maximum": 1000000, "default": 1, "description": "epochs"},
        "keep": {"type": "string", "enum": ["last", "best"], "default": "last", "description": "the epoch whose parameters are kept; best: by validation accuracy, robust if there is a validate_attack, and on values by validation loss"}
      },
      "required": ["method", "loss", "optimizer", "epochs"],
      "additionalProperties": false
    },
    "evaluate": {
      "description": "how the model is attacked and measured",
      "type": "object",
      "properties": {
        "examples": {"type": "integer", "minimum": 1, "description": "attack only this many"},
        "split": {"$ref": "#/definitions/split", "default": "drawn"},
        "batch_size": {"type": "integer", "minimum": 1, "maximum": 1048576, "default": 256, "description": "examples attacked together"},
        "loss": {"type": "object", "x-spar-kind": "loss", "description": "what attacks without a loss of their own make grow; left out: cross_entropy on classes, whatever the model was trained with, and on values the training loss (mse if that cannot be evaluated alone)",
          "x-spar-on-classes": {"type": "cross_entropy"}, "x-spar-on-values": {"type": "mse"}},
        "attacks": {"type": "array", "default": [], "description": "each attack, and all of them together",
          "items": {"type": "object", "x-spar-kind": "attack",
            "x-spar-host": {"properties": {
              "name": {"type": "string", "minLength": 1, "maxLength": 100, "description": "in the results; without, its type"},
              "threat": {"$ref": "#/definitions/threat_override"}}}}},
        "attention": {"type": "boolean", "default": false, "description": "measure how far each attack moves the model's attention, per layer and head; costs two passes an attack"},
        "threshold": {"type": "object", "description": "least accuracies; below, the command fails", "properties": {
          "clean_accuracy": {"type": "number", "minimum": 0, "maximum": 1, "description": "without attack"},
          "robust_accuracy": {"type": "number", "minimum": 0, "maximum": 1, "description": "under all attacks together"}},
          "additionalProperties": false},
        "save_adversarial": {"oneOf": [{"type": "boolean"}, {"type": "string", "enum": ["compressed"]}], "default": true, "description": "keep the adversarial examples; compressed: smaller files, many times the time to write them"}
      },
      "additionalProperties": false
    }
  }
})JSON";

}  // namespace spar::host
