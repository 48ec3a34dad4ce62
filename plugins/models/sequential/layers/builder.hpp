// From the layers of a pipeline to a graph.
#pragma once

#include "layers/layer.hpp"
#include "layers/padding.hpp"

namespace sequential {

/// z > 0 ? z : slope z, as part of the operation before it.
struct Rectifier {
    float slope;
    /// Whether that operation multiplies its gradient by the derivative too; otherwise the
    /// operation that reads the output does.
    bool gradient_here = true;
};

/// A layer's place, for messages.
struct Place {
    std::string text;     /// `layers/3 (linear "fc1")`
    std::string pointer;  /// "/layers/3"

    [[noreturn]] void refuse(const std::string &message) const {
        throw spar::invalid(text + ": " + message, pointer);
    }
};

/// `pointer` is the layer's place.
Place place_of(const Layer &layer, const std::string &pointer);

/// Builds lists of layers, one layer at a time. A layer's queries refer to that layer.
class Builder {
  public:
    /// `key`: of the initial values of parameters; `vocabulary`: of the data, 0 if it is not text.
    Builder(Graph &graph, std::uint64_t key, std::int64_t vocabulary)
        : graph(graph), key(key), vocabulary(vocabulary) {}

    /// Adds all layers after a value. The first `stage` of them form the graph's first stage; no
    /// operation crosses its end. `pointer` is the list's place; names of parameters begin with
    /// `prefix`.
    int build(const Layers &layers, int input, const std::string &pointer,
              const std::string &prefix, std::size_t stage = 0);
    /// The same for a list inside the current layer: "body".
    int build_part(const Layers &layers, int input);

    /// The layer's name for one of its parameters: "3.body.0.weight".
    std::string parameter(const std::string &name) const { return prefix_ + name_ + "." + name; }
    Place place() const;
    /// The rectifier that follows, if there is one. The current operation must then apply it, and
    /// its derivative, unless it may leave the latter to the layer that reads the output
    /// (Value::rectified).
    std::optional<Rectifier> take_rectifier(bool may_leave_gradient = false);
    /// A unique number per layer, to separate the random numbers of layers.
    std::uint32_t next_ordinal() { return ordinal_++; }

    Graph &graph;
    const std::uint64_t key;
    const std::int64_t vocabulary;
    Padding padding;  /// of the value at hand

  private:
    const Layer *next() const;
    int build_one(int input);
    /// Notes the current layer, with the parameters that no layer inside it has noted, and the
    /// rectifier that it took.
    void note(int input, int output);

    // The current layer.
    const Layers *layers_ = nullptr;
    std::size_t index_ = 0, taken_ = 0, limit_ = 0;
    std::string pointer_, prefix_, name_;

    std::uint32_t ordinal_ = 0;
    std::int64_t noted_ = 0;  // parameters of layers that are noted
};

/// A network of all the layers, for examples of a shape. `stage`: how many layers the first stage
/// has; without it, up to the first pointwise layer after the first layer with parameters.
/// `micro_batch` is the fixed width of all kernels.
std::unique_ptr<Graph> build_network(const Layers &layers, const Shape &input, std::uint64_t key,
                                     std::optional<std::size_t> stage = {},
                                     std::int64_t vocabulary = 0, std::int64_t micro_batch = 16);

}  // namespace sequential
