// One node at work: what an operator sees of its node, and how it answers.
#pragma once

#include "file/model.hpp"
#include "import/importer.hpp"

#include <initializer_list>

namespace onnx {

class Call {
  public:
    Call(Importer &importer, const Node &node) : importer(importer), node(node) {}

    // Inputs. Those below refuse what is not there.
    bool has(std::size_t i) const;
    const Known &input(std::size_t i) const;
    bool is_constant(std::size_t i) const { return std::holds_alternative<Constant>(input(i)); }
    /// A computed tensor.
    const Activation &activation(std::size_t i) const;
    /// Values that must be known when the file is read; `what` they are.
    const Constant &constant(std::size_t i, const char *what) const;
    std::vector<std::int64_t> integers(std::size_t i, const char *what) const;
    float scalar(std::size_t i, const char *what) const;

    // Attributes.
    bool gives(const char *name) const { return node.attributes.contains(name); }
    std::int64_t integer(const char *name, std::int64_t otherwise) const;
    float number(const char *name, float otherwise) const;
    std::string text(const char *name, const char *otherwise) const;
    std::vector<std::int64_t> integers(const char *name,
                                       const std::vector<std::int64_t> &otherwise = {}) const;
    /// Integers that newer operator sets have as input `i`, and older ones as an attribute; empty
    /// if there are none.
    std::vector<std::int64_t> axes(std::size_t i, const char *name) const;
    /// An axis counted from the end if it is negative.
    std::size_t axis(std::int64_t given, std::size_t rank) const;
    std::int64_t opset() const { return importer.opset(); }

    // Answers.
    void give(Known value, std::size_t output = 0);
    /// Throws; `remedy` says how to go on.
    [[noreturn]] void refuse(const std::string &fault, const std::string &remedy = {}) const;

    sequential::Graph &graph() const { return importer.graph; }

    Importer &importer;
    const Node &node;
};

}  // namespace onnx
