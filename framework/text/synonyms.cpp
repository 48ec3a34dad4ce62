#include "text/synonyms.hpp"

#include "base/words.hpp"

#include <algorithm>

namespace spar::host {
namespace {

/// Names with the same meaning; components differ in which one they use.
const std::vector<std::vector<std::string_view>> groups = {
    {"lr", "learning_rate", "learningrate", "eta", "base_lr"},
    {"eps", "epsilon", "radius", "budget", "max_norm"},
    {"norm", "p", "ord", "metric", "norm_type"},
    {"step_size", "alpha", "eps_iter", "eps_step", "rel_stepsize", "step"},
    {"steps", "iterations", "iters", "iter", "n_iter", "nb_iter", "num_iter", "max_iter",
     "num_steps", "n_steps"},
    {"restarts", "n_restarts", "num_restarts", "num_random_init", "nb_restarts"},
    {"random_start", "rand_init", "random_init", "rand"},
    {"momentum", "decay", "decay_factor", "mu"},
    {"epochs", "num_epochs", "n_epochs", "nb_epochs", "max_epochs"},
    {"batch_size", "batch", "bs", "batchsize", "minibatch"},
    {"seed", "random_seed", "random_state", "manual_seed"},
    {"loss", "criterion", "objective", "loss_fn"},
    {"schedule", "scheduler", "lr_scheduler", "lr_schedule"},
    {"optimizer", "optim", "solver"},
    {"method", "trainer", "defense", "algorithm"},
    {"attacks", "attack", "adversary", "adversaries"},
    {"attack", "attacks", "adversary", "inner"},
    {"data", "dataset", "datasets"},
    {"validation", "val", "valid", "dev", "holdout"},
    {"test", "eval_data", "testset"},
    {"train", "training", "trainset"},
    {"evaluate", "evaluation", "eval"},
    {"threat", "threat_model", "threatmodel", "perturbation"},
    {"report", "reporters", "reporter", "logging", "logger"},
    {"weights", "checkpoint", "pretrained", "state_dict", "load"},
    {"lower", "clip_min", "min", "low", "min_value"},
    {"upper", "clip_max", "max", "high", "max_value"},
    {"target", "targeted", "target_class", "y_target"},
    {"queries", "max_queries", "query_budget", "n_queries", "num_queries"},
    {"queries", "n_queries", "steps", "max_queries"},
    {"examples", "n_ex", "n_examples", "num_examples", "samples", "limit"},
    {"clip", "grad_clip", "max_grad_norm", "gradient_clipping"},
    {"ema", "averaging", "swa"},
    {"out", "out_channels", "out_features", "filters", "units", "channels", "features", "width"},
    {"kernel", "kernel_size", "filter_size", "window"},
    {"padding", "pad"},
    {"dim", "embedding_dim", "size", "dimension"},
    {"beta", "lambda", "trade_off", "tradeoff", "weight"},
    {"weight_decay", "l2", "wd"},
    {"warmup_epochs", "warmup", "warm_up"},
    {"eps_warmup_epochs", "eps_warmup", "epsilon_warmup"},
    {"final", "min_lr", "eta_min"},
    {"milestones", "steps", "lr_steps", "epochs"},
    {"body", "layers", "block"},
    {"layers", "modules", "architecture", "net"},
};

}  // namespace

std::string synonym(std::string_view word, const std::vector<std::string> &known) {
    std::string plain(word);
    std::ranges::transform(plain, plain.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c == '-' ? '_' : c;
    });
    if (std::ranges::find(known, plain) != known.end()) return plain;
    for (const auto &group : groups) {
        if (std::ranges::find(group, plain) == group.end()) continue;
        for (const std::string_view name : group)
            if (std::ranges::find(known, name) != known.end()) return std::string(name);
    }
    return {};
}

std::string hint(const std::string &name, const std::vector<std::string> &known) {
    const std::string same = synonym(name, known);
    const std::string guess =
        same.empty() ? did_you_mean(name, known) : "did you mean " + quote(same) + "?";
    return (guess.empty() ? "" : "; " + guess) + " (known: " + listed(known) + ")";
}

}  // namespace spar::host
