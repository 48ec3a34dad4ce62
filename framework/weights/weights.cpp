#include "weights/weights.hpp"

#include "base/sha256.hpp"
#include "base/warnings.hpp"
#include "engine/stopping.hpp"
#include "weights/faults.hpp"
#include "weights/safetensors.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

namespace spar::host {
namespace {

/// PyTorch's name of a normalisation's running variances, which no training makes negative.
bool is_variance(const std::string &name) {
    return name == "running_var" || name.ends_with(".running_var");
}

/// What is wrong with a parameter's values; empty if nothing is.
std::string fault_of(const std::string &name, const std::vector<float> &values) {
    if (!std::ranges::all_of(values, [](float v) { return std::isfinite(v); }))
        return fmt::format("\"{}\" holds values that are not numbers", name);
    if (is_variance(name) && !values.empty() && std::ranges::min(values) < 0)
        return fmt::format(
            "\"{}\" holds the negative variance {}; the file is damaged, or what it was made from",
            name, std::ranges::min(values));
    return {};
}

std::string hash_of(const std::filesystem::path &file) {
    try {
        return sha256_of_file(file, [&] { end_if_stopped(file.string() + " was read"); });
    } catch (const Failure &) {
        throw;
    } catch (const std::runtime_error &error) {
        throw Failure(Exit::data, file.string() + ": " + error.what());
    }
}

}  // namespace

void save_weights(const Network &network, const Meaning &meaning,
                  const std::filesystem::path &path) {
    std::vector<TensorToSave> tensors;
    for (const NetworkParameter &p : network.parameters())
        tensors.push_back({p.name, p.shape, p.value});
    save_safetensors(path, tensors, to_metadata(meaning));
}

void require_fitting_weights(const Network &network, const std::filesystem::path &path,
                             const WeightsMapPlan &map) {
    fit_weights(network, *open_tensors(path, map.key), path, map);
}

LoadedWeights load_weights(Network &network, const std::filesystem::path &path,
                           const WeightsMapPlan &map) {
    const auto file = open_tensors(path, map.key);
    FittedWeights fitted = fit_weights(network, *file, path, map);
    Faults faults;
    for (const FittedWeights::Taken &taken : fitted.taken) {
        std::vector<float> values;
        for (const std::string &name : taken.tensors) {
            const std::vector<float> more = file->read(name);
            values.insert(values.end(), more.begin(), more.end());
        }
        const std::span<float> target = taken.parameter->value;
        values.resize(target.size());  // the first rows
        if (const std::string fault = fault_of(taken.parameter->name, values); fault.empty())
            std::ranges::copy(values, target.begin());
        else
            faults.add(fault);
    }
    if (!faults.none()) refuse_weights(path, faults.text());
    network.parameters_changed();
    warn_of(fitted, path);
    try {
        return {meaning_from(file->metadata()), std::move(fitted)};
    } catch (const std::runtime_error &e) {
        throw Failure(Exit::data, fmt::format("#/model/weights: {}: in its __metadata__, {}",
                                              path.string(), e.what()));
    }
}

std::string sha256_of_weights(const std::filesystem::path &path, const WeightsMapPlan &map) {
    const auto files = open_tensors(path, map.key)->files();
    if (files.size() == 1) return hash_of(path);
    std::string all;
    for (const auto &file : files)
        all += fmt::format("{}  {}\n", hash_of(file), file.filename().string());
    return sha256_of(all);
}

void require_meaning_of_weights(const Meaning &weights, const std::filesystem::path &path,
                                const Data &data, bool training) {
    const std::string found = difference(meaning_of(data), "#" + data.instance().pointer(), weights,
                                         "the data that the weights were trained on");
    if (found.empty()) return;
    if (training)
        warnings().add({.code = "weights_of_other_data",
                        .place = "#/model/weights",
                        .message = found,
                        .remedy = "training goes on from weights that mean something else"});
    else
        throw Failure(Exit::data,
                      fmt::format("#/model/weights: {}: {}; give the data the same meaning, or "
                                  "save the weights without \"__metadata__\" if they are good for "
                                  "these data all the same",
                                  path.string(), found));
}

}  // namespace spar::host
