// Inputs of varying length: the shapes of values follow, and with them the strides in the memory
// that was planned for the greatest length.
#include "graph/graph.hpp"

#include <algorithm>

namespace sequential {

void Graph::set_strides() {
    value_strides_.resize(values_.size());
    gradient_strides_.resize(values_.size());
    for (std::size_t id = 0; id < values_.size(); ++id) {
        const Value &value = values_[id];
        const std::int64_t stride = value.stride();
        value_strides_[id] = {stride, this->value(value.storage).value_reused ? 0 : stride};
        gradient_strides_[id] = {stride, this->value(value.gradient).gradient_reused ? 0 : stride};
    }
    stage_size = value(stage_end).stride();
}

/// False if an operation cannot follow, or a value is a mere view of one that varies.
bool Graph::resize(std::int64_t length) {
    const std::vector<Value> before = values_;
    const auto varies = [&](int id) {
        return value(id).shape != before[static_cast<std::size_t>(id)].shape;
    };
    value(0).shape[0] = length;
    bool all = true;
    for (const auto &operation : operations)
        if (std::ranges::any_of(operation->inputs, varies)) all = operation->resize(*this) && all;
    for (int id = 0; id < static_cast<int>(values_.size()); ++id)
        if (const int of = value(id).shares_value; of >= 0 && varies(of) && maker(id) == nullptr)
            all = false;
    return all;
}

void Graph::set_length(std::int64_t length) {
    if (!takes_lengths_ || value(0).shape[0] == length) return;
    resize(length);
    set_strides();
}

}  // namespace sequential
