// The contract's side of a graph, for the models that run on it: requests, parameters, counts.
#pragma once

#include "graph/executor.hpp"
#include "kernels/kernels.hpp"

#include <spar/model.hpp>

#include <algorithm>

namespace sequential {

inline Wants wants_of(spar_wants wants) {
    return {.input = (wants & SPAR_WANT_INPUT_GRADIENT) != 0,
            .parameters = (wants & SPAR_WANT_PARAMETER_GRADIENTS) != 0,
            .bf16 = (wants & SPAR_WANT_COARSE) != 0};
}

inline float *values_of(const DLTensor &x) {
    return reinterpret_cast<float *>(static_cast<std::byte *>(x.data) + x.byte_offset);
}

/// Rows of a batch, whose examples must have the graph's shape as it is now.
inline std::int64_t rows_of(const Graph &graph, const DLTensor &x) {
    const Shape &wanted = graph.value(0).shape;
    const bool fits = x.ndim == static_cast<int>(wanted.size()) + 1 &&
                      std::equal(wanted.begin(), wanted.end(), x.shape + 1);
    if (!fits || x.dtype.code != kDLFloat || x.dtype.bits != 32)
        throw spar::Error(SPAR_E_CONTRACT, "the model was set up for float32 examples " +
                                               spar::shape_text(wanted) + ", got a batch " +
                                               spar::shape_text({x.shape, x.shape + x.ndim}));
    return x.shape[0];
}

inline Pass pass_of(const Graph &graph, const spar_pass &request) {
    return {.rows = rows_of(graph, *request.x),
            .x = values_of(*request.x),
            .mask = request.mask != nullptr ? values_of(*request.mask) : nullptr,
            .ids = request.ids,
            .key = request.key,
            .training = request.mode == SPAR_MODE_TRAIN,
            .tape = request.tape,
            .head = request.head,
            .head_context = request.head_context,
            .wants = wants_of(request.wants),
            .outputs = request.outputs,
            .dx = request.dx,
            .stage_steps = request.stage_steps};
}

/// The stage reads what the lookup gives: parameters of the lookup are not of the stage.
inline void describe_parameter(Graph &graph, std::int64_t index, spar_parameter &target) {
    if (index < 0 || index >= static_cast<std::int64_t>(graph.parameters.size()))
        throw spar::Error(SPAR_E_CONTRACT, "there is no such parameter");
    Parameter &parameter = graph.parameters[index];
    const bool of_stage = index < graph.stage_parameters && index >= graph.lookup_parameters;
    target.flags = (parameter.trainable ? SPAR_PARAMETER_TRAINABLE : 0U) |
                   (of_stage ? SPAR_PARAMETER_STAGE : 0U);
    target.name = parameter.name.c_str();
    target.rank = static_cast<std::int32_t>(parameter.shape.size());
    std::copy(parameter.shape.begin(), parameter.shape.end(), target.shape);
    target.value = parameter.value.data();
    target.gradient = parameter.trainable ? parameter.gradient.data() : nullptr;
}

inline const spar_arithmetic *arithmetic_table() {
    static const spar_arithmetic table{.struct_size = sizeof(spar_arithmetic),
                                       .reserved = 0,
                                       .instructions = [](void *) { return instruction_set(); }};
    return &table;
}

/// `counters_of` finds a model's counters by its `self`.
template <const Counters &(*counters_of)(void *self)>
const spar_counters *counters_table() {
    static const spar_counters table{
        .struct_size = sizeof(spar_counters),
        .reserved = 0,
        .forward_rows = [](void *self) { return counters_of(self).forward.load(); },
        .input_gradient_rows = [](void *self) { return counters_of(self).input_gradient.load(); },
        .parameter_gradient_rows =
            [](void *self) { return counters_of(self).parameter_gradient.load(); }};
    return &table;
}

}  // namespace sequential
