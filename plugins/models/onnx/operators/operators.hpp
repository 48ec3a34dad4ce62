// The operators that can be imported: one file each, or one for a small family, and a line each in
// operators.cpp.
#pragma once

#include "import/call.hpp"

namespace onnx {

struct Operator {
    const char *type;    /// in ONNX's own domain
    const char *limits;  /// what of it is supported, for the documentation; empty: all
    void (*run)(Call &call);
};

const std::vector<Operator> &operators();
/// The one that a node names; null: there is none.
const Operator *find_operator(const Node &node);

}  // namespace onnx
