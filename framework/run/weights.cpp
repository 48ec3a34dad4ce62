#include "run/weights.hpp"

#include "base/warnings.hpp"
#include "run/safetensors.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace spar::host {
namespace {

/// PyTorch's count of the batches that a normalisation has seen; old files lack it, and nothing
/// reads it.
bool is_batch_count(const std::string &name) {
    return name == "num_batches_tracked" || name.ends_with(".num_batches_tracked");
}

/// PyTorch's name of a normalisation's running variances, which no training makes negative.
bool is_variance(const std::string &name) {
    return name == "running_var" || name.ends_with(".running_var");
}

/// [] and [1] contain the same single value.
bool same_shape(const std::vector<std::int64_t> &a, const std::vector<std::int64_t> &b) {
    return a == b || (product(a) == 1 && product(b) == 1 && a.size() + b.size() == 1);
}

/// The prefix, ending in a dot, by which all names of one side differ from those of the other;
/// empty if there is none.
std::string prefix_of(const std::set<std::string> &longer, const std::set<std::string> &shorter) {
    if (longer.empty() || shorter.empty()) return {};
    const std::string &name = *longer.begin();
    for (std::size_t dot = name.find('.'); dot != std::string::npos;
         dot = name.find('.', dot + 1)) {
        const std::string prefix = name.substr(0, dot + 1);
        std::set<std::string> rest;
        for (const std::string &whole : longer)
            if (whole.starts_with(prefix)) rest.insert(whole.substr(prefix.size()));
        if (rest.size() == longer.size() && rest == shorter) return prefix;
    }
    return {};
}

/// The message instead of a list of all names if they differ only by a prefix.
std::string prefix_hint(const Network &network, const SafetensorsFile &file) {
    std::set<std::string> ours, theirs;
    for (const NetworkParameter &p : network.parameters())
        if (!is_batch_count(p.name)) ours.insert(p.name);
    for (const auto &[name, tensor] : file.tensors())
        if (!is_batch_count(name)) theirs.insert(name);
    if (const std::string prefix = prefix_of(theirs, ours); !prefix.empty())
        return fmt::format(
            "its tensors are the model's but for the prefix \"{0}\" of every name{1}; save them "
            "without it, as with {{name.removeprefix(\"{0}\"): tensor for name, tensor in "
            "state_dict.items()}}",
            prefix,
            prefix == "module."      ? " (which torch.nn.DataParallel adds)"
            : prefix == "_orig_mod." ? " (which torch.compile adds)"
                                     : "");
    if (const std::string prefix = prefix_of(ours, theirs); !prefix.empty())
        return fmt::format(
            "its tensors are the model's but for the prefix \"{}\" that every name "
            "of the model's has; save them with it",
            prefix);
    return {};
}

class Faults {
  public:
    void add(const std::string &fault) {
        constexpr int most = 20;
        if (++count_ <= most) text_ += "\n  " + fault;
        if (count_ == most + 1) text_ += "\n  and more";
    }
    bool none() const { return count_ == 0; }
    const std::string &text() const { return text_; }

  private:
    int count_ = 0;
    std::string text_;
};

[[noreturn]] void refuse(const std::filesystem::path &path, const std::string &what) {
    throw Failure(Exit::data, fmt::format("#/model/weights: {} does not fit the model: {}",
                                          path.string(), what));
}

/// The shape of tensors that follow each other along the first axis; empty if they cannot.
std::vector<std::int64_t> joined_shape(const SafetensorsFile &file,
                                       const std::vector<std::string> &names) {
    std::vector<std::int64_t> shape = file.tensors().at(names[0]).shape;
    for (std::size_t i = 1; i < names.size(); ++i) {
        std::vector<std::int64_t> next = file.tensors().at(names[i]).shape;
        if (shape.empty() || next.size() != shape.size()) return {};
        shape[0] += std::exchange(next[0], shape[0]);
        next[0] = shape[0];
        if (next != shape) return {};
    }
    return shape;
}

bool fits_in(std::vector<std::int64_t> shape, const std::vector<std::int64_t> &wanted, bool rows) {
    if (rows && !shape.empty() && !wanted.empty() && shape[0] >= wanted[0]) shape[0] = wanted[0];
    return same_shape(shape, wanted);
}

/// Checks one parameter; its tensors are added to `known`.
void require_fitting(const NetworkParameter &p, const SafetensorsFile &file, const WeightMap &map,
                     std::set<std::string> &known, Faults &faults) {
    const std::vector<std::string> names = map.sources(p.name);
    known.insert(names.begin(), names.end());
    if (map.initial(p.name)) return;
    for (const std::string &name : names) {
        const auto found = file.tensors().find(name);
        if (found == file.tensors().end()) {
            if (!is_batch_count(p.name))
                faults.add(fmt::format("\"{}\" {} is missing{}", name, shape_text(p.shape),
                                       name == p.name ? "" : " (for \"" + p.name + "\")"));
            return;
        }
        if (found->second.of_integers() && !is_batch_count(p.name))
            return faults.add(
                fmt::format("\"{}\" is of integers ({}), as in quantised nets; save it as "
                            "floats",
                            name, found->second.type));
    }
    const std::vector<std::int64_t> shape = joined_shape(file, names);
    if (!fits_in(shape, p.shape, map.first_rows(p.name)))
        faults.add(fmt::format(
            "\"{}\" is {}, the model's{} is {}", fmt::join(names, "\" + \""),
            shape.empty() && names.size() > 1 ? "of shapes that do not join" : shape_text(shape),
            names[0] == p.name ? "" : " \"" + p.name + "\"", shape_text(p.shape)));
}

/// Checks names, shapes and types, using only the header.
void require_fitting(const Network &network, const SafetensorsFile &file,
                     const std::filesystem::path &path, const WeightMap &map) {
    if (map.empty())
        if (const std::string hint = prefix_hint(network, file); !hint.empty()) refuse(path, hint);
    Faults faults;
    std::set<std::string> known;
    std::vector<std::string> parameters;
    for (const NetworkParameter &p : network.parameters()) {
        require_fitting(p, file, map, known, faults);
        parameters.push_back(p.name);
    }
    if (const std::string idle = map.idle(parameters); !idle.empty())
        throw Failure(Exit::pipeline,
                      fmt::format("#/model/weights_map: the model has no parameter \"{}\"; it has "
                                  "{}",
                                  idle, fmt::join(parameters, ", ")));
    for (const auto &[name, tensor] : file.tensors())
        if (!known.contains(name) && !map.ignored(name) &&
            !tensor.of_integers())  // counts or indices; PyTorch's files may contain some
            faults.add(
                fmt::format("\"{}\" {} is not in the model", name, shape_text(tensor.shape)));
    if (!faults.none()) refuse(path, faults.text());
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
                             const WeightMap &map) {
    require_fitting(network, SafetensorsFile(path), path, map);
}

Meaning load_weights(Network &network, const std::filesystem::path &path, const WeightMap &map) {
    const SafetensorsFile file(path);
    require_fitting(network, file, path, map);
    Faults faults;
    for (const NetworkParameter &p : network.parameters()) {
        if (map.initial(p.name)) continue;
        std::vector<float> values;
        for (const std::string &name : map.sources(p.name))
            if (file.tensors().contains(name)) {
                const std::vector<float> more = file.read(name);
                values.insert(values.end(), more.begin(), more.end());
            }
        if (values.empty()) continue;  // PyTorch's count of batches
        values.resize(p.value.size());
        if (!std::ranges::all_of(values, [](float v) { return std::isfinite(v); }))
            faults.add(fmt::format("\"{}\" holds values that are not numbers", p.name));
        else if (is_variance(p.name) && !values.empty() && std::ranges::min(values) < 0)
            faults.add(
                fmt::format("\"{}\" holds the negative variance {}; the file is damaged, or "
                            "what it was made from",
                            p.name, std::ranges::min(values)));
        else
            std::ranges::copy(values, p.value.begin());
    }
    if (!faults.none()) refuse(path, faults.text());
    network.parameters_changed();
    try {
        return meaning_from(file.metadata());
    } catch (const std::runtime_error &e) {
        throw Failure(Exit::data, fmt::format("#/model/weights: {}: in its __metadata__, {}",
                                              path.string(), e.what()));
    }
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
