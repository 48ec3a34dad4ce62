// From a file's graph to the engine's: what does not depend on examples is computed at once, the
// rest becomes operations.
#pragma once

#include "file/model.hpp"
#include "import/book.hpp"
#include "import/value.hpp"
#include "layers/builder.hpp"

#include <functional>

namespace onnx {

class Importer {
  public:
    /// `examples`: the shape of the data's.
    Importer(const Model &model, sequential::Graph &graph, Book &book, const Shape &examples,
             bool channels_last);

    /// Builds everything up to the tensor `output`, or the file's first output if it is empty, and
    /// completes the graph. `cut_softmax`: without the softmax that it ends in.
    void build(const std::string &output, bool cut_softmax);
    /// Whether the model ends in a softmax that was not cut.
    bool ends_in_softmax() const { return ends_in_softmax_; }
    std::int64_t opset() const { return model_.opset; }
    bool from_pytorch() const { return model_.producer == "pytorch"; }
    /// Whether the file was written for batches of one example: then a 1 may stand for the batch.
    bool fixed_batch() const { return fixed_batch_; }

    // For operators.
    const Known *find(const std::string &name) const;
    void give(const Node &node, const std::string &name, Known value);
    /// A computed tensor with these axes over a value of the engine.
    Activation activation(int value, std::vector<Axis> axes, bool learned) const;
    /// A value of the engine as it lies, its numbers row by row, with this shape.
    int plain(const Activation &activation, const Shape &shape);
    /// The same, in whatever layout it has, where the shape is that of its image; plain otherwise.
    int image(const Activation &activation, const Shape &shape);
    /// The slope of the rectifier that alone reads a node's output, which is then part of the
    /// operation at hand.
    std::optional<sequential::Rectifier> take_rectifier(const Node &node);
    /// The constant that alone is added to a node's output, one number for each of its `width`
    /// features; the sum is then part of the operation at hand. `last` becomes its node.
    const Constant *take_bias(const Node *&last, std::int64_t width);
    /// A unique number for each call, to separate random numbers.
    std::uint32_t next_ordinal() { return ordinal_++; }
    /// Notes that an operation with trained parameters ends at this value.
    void note_parameters(int value);

    sequential::Graph &graph;
    Book &book;

  private:
    void read_input(const Shape &examples, bool channels_last);
    void read_initialisers();
    std::vector<bool> needed(const std::string &output) const;
    void run(const Node &node);
    void finish(const std::string &output);
    void set_stage();
    const Node *producer(const std::string &name) const;
    const Node *only_reader(const std::string &name) const;

    const Model &model_;
    std::map<std::string, Known> known_;
    std::map<std::string, const Node *> producers_;
    std::map<std::string, std::vector<const Node *>> readers_;
    std::map<std::string, std::string> taken_;  // outputs of rectifiers that others have applied
    std::map<std::pair<int, Shape>, int> plain_;
    std::string output_;
    bool ends_in_softmax_ = false, fixed_batch_ = false;
    std::uint32_t ordinal_ = 0;
    std::int64_t spent_ = 0;                            // values that nodes have given
    std::optional<std::pair<std::size_t, int>> stage_;  // operations, value at its end
    std::int64_t stage_parameters_ = 0;
};

/// "node \"fc1\" (Gemm)", or by its output where it has no name.
std::string node_text(const Node &node);

}  // namespace onnx
