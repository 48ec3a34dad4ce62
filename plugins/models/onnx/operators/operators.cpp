#include "operators/operators.hpp"

// One line per file: the function at its end.
#define FAMILIES(FAMILY) \
    FAMILY(arithmetic)   \
    FAMILY(batch_norm)   \
    FAMILY(cast)         \
    FAMILY(comparison)   \
    FAMILY(concat)       \
    FAMILY(constant)     \
    FAMILY(conv)         \
    FAMILY(dropout)      \
    FAMILY(expand)       \
    FAMILY(functions)    \
    FAMILY(gather)       \
    FAMILY(gemm)         \
    FAMILY(group_norm)   \
    FAMILY(layer_norm)   \
    FAMILY(matmul)       \
    FAMILY(pad)          \
    FAMILY(pool)         \
    FAMILY(rectifiers)   \
    FAMILY(reduce)       \
    FAMILY(reshape)      \
    FAMILY(shape)        \
    FAMILY(slice)        \
    FAMILY(softmax)      \
    FAMILY(transpose)    \
    FAMILY(where)

namespace onnx {

#define DECLARE(name) std::vector<Operator> name##_operators();
FAMILIES(DECLARE)

const std::vector<Operator> &operators() {
    static const std::vector<Operator> all = [] {
        std::vector<Operator> list;
#define ADD(name) \
    for (const Operator &one : name##_operators()) list.push_back(one);
        FAMILIES(ADD)
        return list;
    }();
    return all;
}

const Operator *find_operator(const Node &node) {
    if (!node.domain.empty() && node.domain != "ai.onnx") return nullptr;
    for (const Operator &one : operators())
        if (node.type == one.type) return &one;
    return nullptr;
}

}  // namespace onnx
