#include "compose/describe.hpp"

#include "base/failure.hpp"
#include "base/words.hpp"
#include "compose/data_by_look.hpp"
#include "compose/subject.hpp"
#include "engine/fit.hpp"
#include "engine/network.hpp"
#include "engine/stand_in.hpp"
#include "plan/threat_words.hpp"
#include "plugins/registry.hpp"
#include "run/run_files.hpp"
#include "weights/tensor_file.hpp"

#include <spar/tensor.hpp>

#include <fmt/format.h>
#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

namespace fs = std::filesystem;

/// The pipeline whose model is meant: a file's, a run's, or one made of the model alone.
Plan plan_of(const Subject &subject, const Registry &registry) {
    using enum Subject::Kind;
    const std::string path = subject.path.string();
    switch (subject.kind) {
        case pipeline:
            return load_plan(subject.path, {}, registry, PlanUse::model);
        case run:
            return load_plan(subject.path / run_files::plan, {}, registry, PlanUse::model);
        default:
            break;
    }
    const Json model = subject.kind == onnx
                           ? Json{{"type", "onnx"}, {"file", path}}
                           : Json{{"type", "python"}, {"call", path + ":" + subject.function}};
    const Json json = {
        {"version", 2}, {"name", "model"}, {"data", Json::object()}, {"model", model}};
    return parse_plan(json.dump(), "spar model", fs::current_path(), {}, registry, PlanUse::model);
}

/// The data that a model is set up on: only its shape matters.
class Examples {
  public:
    Examples(const ModelQuestion &question, const Plan &plan, const Builder &builder) {
        if (!question.input.empty()) {
            open(stand_in_dataset(builder, {.shape = question.input, .outputs = 2}));
            return;
        }
        if (!question.data.empty()) {
            node_ = dataset_by_look(question.data);
            open(builder.build(SPAR_KIND_DATASET, node_, "/data/test"));
            return;
        }
        for (const Node *node : {&plan.data.test, &plan.data.train})
            if (*node && !data_) open(builder.build(SPAR_KIND_DATASET, *node->json, node->pointer));
        if (!data_)
            throw Failure(Exit::usage,
                          "model: the shape of an example is not known; expected --input, as in "
                          "--input 3,32,32, or --data FILE");
    }

    const Data &data() const { return *data_; }

  private:
    void open(std::unique_ptr<Instance> dataset) {
        data_ = std::make_unique<Data>(std::move(dataset));
        if (data_->texts())
            throw Failure(Exit::usage,
                          "model: the data are texts, whose vocabulary is learned by training; "
                          "describe the weights that a run has left");
    }

    Json node_;
    std::unique_ptr<Data> data_;
};

/// The attacks that work on the model under each norm, as they are without parameters.
Json attacks_on(const Network &network, const Data &data, const Registry &registry,
                const Builder &builder) {
    spar_threat threat{};
    threat.struct_size = sizeof threat;
    threat.eps = 1;
    threat.space = network.space();
    threat.lower = data.tokens() ? -std::numeric_limits<double>::infinity() : data.info().lower;
    threat.upper = data.tokens() ? std::numeric_limits<double>::infinity() : data.info().upper;
    Json norms = Json::object();
    std::vector<Json> nodes;
    for (const std::string &type : registry.names(SPAR_KIND_ATTACK))
        nodes.push_back({{"type", type}});
    for (const Json &node : nodes) {
        std::unique_ptr<Instance> attack;
        try {
            attack = builder.build(SPAR_KIND_ATTACK, node, "/evaluate/attacks/0");
        } catch (const Failure &) {
            continue;  // it needs to be told more
        }
        for (const auto &[word, norm] : norm_words) {
            threat.norm = norm;
            try {
                require_fit(*attack, threat);
                norms[word].push_back(node["type"]);
            } catch (const Failure &) {  // not under this norm
            }
        }
    }
    return {{"space", word_of(space_words, threat.space)}, {"norms", norms}};
}

/// What the model says that it is made of; empty if it does not say.
Json layers_of(const Instance &model) {
    Json layers = Json::array();
    const auto &table = model.table<spar_model_table>();
    if (table.extension == nullptr) return layers;
    const void *extension =
        model.ask("extension", [&] { return table.extension(model.self(), SPAR_MODEL_LAYERS); });
    const auto *all = static_cast<const spar_layers *>(extension);
    if (all == nullptr) return layers;
    constexpr std::int64_t most = 1 << 20;
    const std::int64_t count =
        std::min(most, model.ask("layers", [&] { return all->count(model.self()); }));
    for (std::int64_t i = 0; i < count; ++i) {
        spar_layer layer{};
        layer.struct_size = sizeof layer;
        model.call("layers",
                   [&](spar_error *error) { return all->layer(model.self(), i, &layer, error); });
        const auto rank = std::clamp(layer.rank, 0, SPAR_MAX_RANK);
        layers.push_back({{"name", layer.name != nullptr ? layer.name : ""},
                          {"type", layer.type != nullptr ? layer.type : ""},
                          {"shape", std::vector<std::int64_t>(layer.shape, layer.shape + rank)},
                          {"parameters", layer.parameters},
                          {"multiply_adds", layer.multiply_adds}});
    }
    return layers;
}

}  // namespace

Json describe_weights(const fs::path &path, const std::string &key) {
    const auto file = open_tensors(path, key);
    Json tensors = Json::array();
    std::int64_t numbers = 0;
    for (const auto &[name, tensor] : file->tensors()) {
        tensors.push_back({{"name", name}, {"type", tensor.type}, {"shape", tensor.shape}});
        numbers += product(tensor.shape);
    }
    return {{"file", path.string()}, {"tensors", tensors}, {"numbers", numbers}};
}

Json describe_model(const ModelQuestion &question, const Registry &registry) {
    const Plan plan = plan_of(subject_of(question.target), registry);
    const Builder builder(
        registry, plan.seed,
        [&plan](const std::string &, const std::string &text) { return plan.path(text); });
    const Examples examples(question, plan, builder);
    const Data &data = examples.data();
    const Network network(builder.build(SPAR_KIND_MODEL, *plan.model.json, plan.model.pointer),
                          data);
    Json parameters = Json::array(), sites = Json::array();
    std::int64_t numbers = 0;
    for (const NetworkParameter &p : network.parameters()) {
        parameters.push_back({{"name", p.name}, {"shape", p.shape}, {"trained", p.trainable}});
        if (p.trainable) numbers += product(p.shape);
    }
    for (const NetworkSite &site : network.sites()) sites.push_back(site.name);
    const Json layers = layers_of(network.instance());
    Json work;
    for (const Json &layer : layers)
        work = (work.is_null() ? 0 : work.get<std::int64_t>()) +
               layer.at("multiply_adds").get<std::int64_t>();
    return {{"model", plan.model.json->at("type")},
            {"input", data.shape()},
            {"outputs", network.outputs()},
            {"parameters", parameters},
            {"numbers", numbers},
            {"multiply_adds", work},
            {"layers", layers},
            {"sites", sites},
            {"isa", network.instructions()},
            {"attacks", attacks_on(network, data, registry, builder)}};
}

}  // namespace spar::host
