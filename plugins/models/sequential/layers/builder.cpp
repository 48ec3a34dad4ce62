#include "layers/builder.hpp"

#include "graph/reorder.hpp"

#include <spar/tensor.hpp>

#include <algorithm>

namespace sequential {
namespace {

/// Number of layers in the first stage: up to the first pointwise layer after the first layer with
/// parameters (an embedding precedes the graph, and positions leave it linear), if there is only
/// pooling between them; otherwise up to that layer.
std::size_t stage_length(const Layers &list) {
    const auto &layers = list.parts();
    const auto first = std::ranges::find_if(layers, [](const auto &layer) {
        return layer->has_parameters() && !layer->lookup() && !layer->places();
    });
    if (first == layers.end()) return 0;
    auto next =
        std::find_if_not(first + 1, layers.end(), [](const auto &layer) { return layer->pools(); });
    if (next == layers.end() || !(*next)->pointwise()) next = first;
    return static_cast<std::size_t>(next - layers.begin()) + 1;
}

}  // namespace

Place place_of(const Layer &layer, const std::string &pointer) {
    const std::string name = layer.name();
    return {
        pointer.substr(1) + " (" + layer.type() + (name.empty() ? "" : " \"" + name + "\"") + ")",
        pointer};
}

Place Builder::place() const {
    return place_of(*layers_->parts()[index_], pointer_ + "/" + std::to_string(index_));
}

const Layer *Builder::next() const {
    const std::size_t next = index_ + 1 + taken_;
    return next < limit_ ? layers_->parts()[next].get() : nullptr;
}

std::optional<Rectifier> Builder::take_rectifier(bool may_leave_gradient) {
    if (next() == nullptr || !next()->rectifier()) return std::nullopt;
    Rectifier rectifier{*next()->rectifier()};
    ++taken_;
    rectifier.gradient_here =
        !may_leave_gradient || next() == nullptr || !next()->applies_rectifier_gradient();
    return rectifier;
}

int Builder::build_one(int input) {
    const Layer &layer = *layers_->parts()[index_];
    try {
        return layer.build(*this, input);
    } catch (const spar::Error &error) {
        if (!error.pointer().empty() || error.code() != SPAR_E_INVALID) throw;
        place().refuse(error.what());
    }
}

int Builder::build(const Layers &layers, int input, const std::string &pointer,
                   const std::string &prefix, std::size_t stage) {
    int value = input;
    layers_ = &layers;
    pointer_ = pointer;
    prefix_ = prefix;
    const std::size_t count = layers.parts().size();
    for (index_ = 0; index_ < count; index_ += 1 + taken_) {
        taken_ = 0;
        limit_ = index_ < stage ? stage : count;
        const std::string own = layers.parts()[index_]->name();
        name_ = own.empty() ? std::to_string(index_) : own;
        const int before = value;
        value = build_one(value);
        note(before, value);
        if (layers.parts()[index_]->lookup()) graph.lookup_parameters = graph.parameters.size();
        if (index_ + 1 + taken_ != stage) continue;
        graph.stage_end = value;
        graph.stage_operations = graph.operations.size();
        graph.stage_parameters = graph.parameters.size();
    }
    return value;
}

void Builder::note(int input, int output) {
    const Layer &layer = *layers_->parts()[index_];
    const Shape &from = graph.value(input).shape, &to = graph.value(output).shape;
    LayerNote note{prefix_ + name_, layer.type(), to};
    const bool looks_up = layer.lookup() || layer.places();
    for (; noted_ < graph.parameters.size(); ++noted_) {
        const Parameter &p = graph.parameters[noted_];
        if (!p.trainable) continue;
        const std::int64_t numbers = spar::product(p.shape);
        note.parameters += numbers;
        if (looks_up || p.shape.size() < 2 || p.name.find("weight") == std::string::npos) continue;
        // Every weight is used at every place of an image, or position of a text.
        const std::int64_t positions = to.size() == 3     ? to[1] * to[2]
                                       : to.size() == 2   ? to[0]
                                       : from.size() == 2 ? from[0]
                                                          : 1;
        note.multiply_adds += numbers * positions;
        if (p.name.ends_with("in_proj_weight"))  // of attention: logits and weighted sums
            note.multiply_adds += 2 * positions * positions * p.shape[1];
    }
    graph.notes.push_back(std::move(note));
    for (std::size_t i = 1; i <= taken_; ++i) {
        const Layer &taken = *layers_->parts()[index_ + i];
        const std::string own = taken.name();
        graph.notes.push_back(
            {prefix_ + (own.empty() ? std::to_string(index_ + i) : own), taken.type(), to});
    }
}

int Builder::build_part(const Layers &layers, int input) {
    Builder inner(graph, key, vocabulary);
    inner.ordinal_ = ordinal_;
    inner.noted_ = noted_;
    inner.padding = padding;
    const int value = inner.build(layers, input, place().pointer + "/" + layers.name(),
                                  parameter(layers.name()) + ".");
    ordinal_ = inner.ordinal_;
    noted_ = inner.noted_;
    padding = inner.padding;
    return value;
}

std::unique_ptr<Graph> build_network(const Layers &layers, const Shape &input, std::uint64_t key,
                                     std::optional<std::size_t> stage, std::int64_t vocabulary,
                                     std::int64_t micro_batch) {
    const auto &all = layers.parts();
    if (all.empty()) throw spar::invalid("needs at least one layer", "/layers");
    if (stage && *stage > all.size())
        throw spar::invalid("the network has " + std::to_string(all.size()) +
                                " layers, so the first stage cannot have " + std::to_string(*stage),
                            "/stage");
    volume(input);
    auto graph = std::make_unique<Graph>(micro_batch, input);
    Builder builder(*graph, key, vocabulary);
    int value = builder.build(layers, 0, "/layers", "", stage.value_or(stage_length(layers)));
    if (stage && graph->stage_parameters <= graph->lookup_parameters)
        throw spar::invalid(
            "the first stage would have no parameters; let it reach to a layer that "
            "has some",
            "/stage");
    const Place place = place_of(*all.back(), "/layers/" + std::to_string(all.size() - 1));
    const Shape shape = graph->value(value).shape;
    if (shape.size() != 1)
        place.refuse("the model must end in a flat output [classes], but this gives " +
                     spar::shape_text(shape) + "; end with a flatten and a linear layer");
    value = to_plain(*graph, value);
    if (graph->operations.empty()) place.refuse("the model computes nothing; add a linear layer");
    graph->finish(value);
    return graph;
}

}  // namespace sequential
