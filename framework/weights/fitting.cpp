#include "weights/fitting.hpp"

#include "base/failure.hpp"
#include "base/warnings.hpp"
#include "base/words.hpp"
#include "weights/faults.hpp"
#include "weights/prefix_hint.hpp"

#include <spar/tensor.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

namespace spar::host {
namespace {

using Shape = std::vector<std::int64_t>;

/// [] and [1] contain the same single value.
bool same_shape(const Shape &a, const Shape &b) {
    return a == b || (product(a) == 1 && product(b) == 1 && a.size() + b.size() == 1);
}

bool fits_in(Shape shape, const Shape &wanted, bool rows) {
    if (rows && !shape.empty() && !wanted.empty() && shape[0] >= wanted[0]) shape[0] = wanted[0];
    return same_shape(shape, wanted);
}

WeightMap map_of(const WeightsMapPlan &plan, const TensorFile &file,
                 const std::filesystem::path &path) {
    std::vector<std::string> names;
    for (const auto &[name, tensor] : file.tensors()) names.push_back(name);
    try {
        return {plan, names};
    } catch (const std::runtime_error &error) {
        refuse_weights(path, fmt::format("its names, by #/model/weights_map:{}", error.what()));
    }
}

class Fitting {
  public:
    Fitting(const Network &network, const TensorFile &file, const std::filesystem::path &path,
            const WeightsMapPlan &plan)
        : network_(network), file_(file), path_(path), map_(map_of(plan, file, path)) {}

    FittedWeights run() {
        if (map_.plain() && map_.strict())
            if (const std::string hint = prefix_hint(network_, file_); !hint.empty())
                refuse_weights(path_, hint);
        std::vector<std::string> parameters;
        for (const NetworkParameter &p : network_.parameters()) {
            take(p);
            parameters.push_back(p.name);
        }
        if (const std::string idle = map_.idle(parameters); !idle.empty())
            throw Failure(
                Exit::pipeline,
                fmt::format("#/model/weights_map: the model has no parameter \"{}\"; it has {}",
                            idle, fmt::join(parameters, ", ")));
        for (const auto &[name, tensor] : file_.tensors())
            if (!known_.contains(name) && !map_.ignored(name) &&
                !tensor.of_integers()) {  // counts or indices; PyTorch's files may contain some
                fitted_.unused.push_back(name);
                add(fmt::format("\"{}\" {} is not in the model", name, shape_text(tensor.shape)));
            }
        if (!faults_.none()) refuse_weights(path_, faults_.text());
        if (fitted_.taken.empty() && !fitted_.whole())
            refuse_weights(path_, "none of its tensors is one of the model's:" + left_.text());
        return std::move(fitted_);
    }

  private:
    /// What is a fault only under a strict map.
    void add(const std::string &fault) { (map_.strict() ? faults_ : left_).add(fault); }

    void take(const NetworkParameter &p) {
        FittedWeights::Taken taken{&p, {}};
        const std::vector<WeightMap::Source> sources = map_.sources(p.name);
        for (const WeightMap::Source &source : sources)
            if (source.there) known_.insert(source.name);
        if (map_.initial(p.name)) return;
        for (const WeightMap::Source &source : sources) {
            if (!source.there) {
                if (is_batch_count(p.name)) return;
                fitted_.missing.push_back(p.name);
                add(fmt::format("\"{}\" {} is missing{}", source.name, shape_text(p.shape),
                                source.name == p.name ? "" : " (for \"" + p.name + "\")"));
                return;
            }
            if (const TensorInfo &found = file_.tensors().at(source.name);
                found.of_integers() && !is_batch_count(p.name))
                return faults_.add(
                    fmt::format("\"{}\" is of integers ({}), as in quantised nets; save it as "
                                "floats",
                                source.name, found.type));
            taken.tensors.push_back(source.name);
        }
        const Shape shape = joined_shape(taken.tensors);
        if (!fits_in(shape, p.shape, map_.first_rows(p.name))) {
            fitted_.reshaped.push_back({p.name, shape, p.shape});
            return add(fmt::format(
                "\"{}\" is {}, the model's{} is {}", fmt::join(taken.tensors, "\" + \""),
                shape.empty() && taken.tensors.size() > 1 ? "of shapes that do not join"
                                                          : shape_text(shape),
                taken.tensors[0] == p.name ? "" : " \"" + p.name + "\"", shape_text(p.shape)));
        }
        for (const std::string &name : taken.tensors)
            ++fitted_.types[file_.tensors().at(name).type];
        fitted_.taken.push_back(std::move(taken));
    }

    /// The shape of tensors that follow each other along the first axis; empty if they cannot.
    Shape joined_shape(const std::vector<std::string> &names) const {
        Shape shape = file_.tensors().at(names[0]).shape;
        for (std::size_t i = 1; i < names.size(); ++i) {
            Shape next = file_.tensors().at(names[i]).shape;
            if (shape.empty() || next.size() != shape.size()) return {};
            shape[0] += std::exchange(next[0], shape[0]);
            next[0] = shape[0];
            if (next != shape) return {};
        }
        return shape;
    }

    const Network &network_;
    const TensorFile &file_;
    const std::filesystem::path &path_;
    const WeightMap map_;
    std::set<std::string> known_;  // tensors that a parameter takes
    Faults faults_, left_;
    FittedWeights fitted_;
};

}  // namespace

bool is_batch_count(const std::string &name) {
    return name == "num_batches_tracked" || name.ends_with(".num_batches_tracked");
}

void refuse_weights(const std::filesystem::path &path, const std::string &what) {
    throw Failure(Exit::data, fmt::format("#/model/weights: {} does not fit the model: {}",
                                          path.string(), what));
}

FittedWeights fit_weights(const Network &network, const TensorFile &file,
                          const std::filesystem::path &path, const WeightsMapPlan &map) {
    return Fitting(network, file, path, map).run();
}

Json to_json(const FittedWeights &fitted) {
    Json reshaped = Json::array();
    for (const FittedWeights::Reshaped &one : fitted.reshaped)
        reshaped.push_back(
            {{"parameter", one.parameter}, {"found", one.found}, {"expected", one.wanted}});
    return {{"parameters", fitted.taken.size()},
            {"types", fitted.types},
            {"missing", fitted.missing},
            {"unused", fitted.unused},
            {"reshaped", reshaped}};
}

void warn_of(const FittedWeights &fitted, const std::filesystem::path &path) {
    if (const auto doubles = fitted.types.find("F64"); doubles != fitted.types.end())
        warnings().add({.code = "weights_rounded",
                        .place = "#/model/weights",
                        .message = fmt::format("{} holds numbers of float64, which were rounded to "
                                               "float32",
                                               path.string()),
                        .count = doubles->second});
    if (fitted.whole()) return;
    std::vector<std::string> reshaped;
    for (const FittedWeights::Reshaped &one : fitted.reshaped)
        reshaped.push_back(fmt::format("{} ({}, expected {})", one.parameter, shape_text(one.found),
                                       shape_text(one.wanted)));
    std::vector<std::string> parts;
    const auto say = [&](const char *what, const std::vector<std::string> &names) {
        if (!names.empty()) parts.push_back(fmt::format("{}: {}", what, listed(names, 10)));
    };
    say("missing, so that they keep their initial values", fitted.missing);
    say("of another shape, likewise", reshaped);
    say("not in the model, and left out", fitted.unused);
    warnings().add({.code = "weights_partly_loaded",
                    .place = "#/model/weights",
                    .message = fmt::format("{} fits the model only in part; {}", path.string(),
                                           fmt::join(parts, "; ")),
                    .remedy = "results.json lists all, under provenance.weights",
                    .count = std::ssize(fitted.missing) + std::ssize(fitted.unused) +
                             std::ssize(fitted.reshaped)});
}

}  // namespace spar::host
