// Calling a loss on one example.
#pragma once

#include "plugin_loader.hpp"

#include <spar/loss.hpp>

#include <optional>

namespace spar::test {

using Floats = std::vector<float>;

struct Example {
    Floats output{}, reference{}, values{};
    std::optional<std::int64_t> label{}, target{};
};

struct Answer {
    double loss;
    Floats gradient, reference_gradient;
};

inline Answer evaluate(const spar_component_ref &loss, const Example &e, bool gradients = true) {
    float value = 0;
    const std::int64_t id = 42;
    Answer answer{0, Floats(e.output.size(), 77.0F), Floats(e.reference.size(), 77.0F)};
    spar_loss_rows rows{};
    rows.struct_size = sizeof rows;
    rows.count = 1;
    rows.outputs = std::ssize(e.output);
    rows.output = e.output.data();
    rows.reference = e.reference.empty() ? nullptr : e.reference.data();
    rows.values = e.values.empty() ? nullptr : e.values.data();
    rows.labels = e.label ? &*e.label : nullptr;
    rows.targets = e.target ? &*e.target : nullptr;
    rows.ids = &id;
    rows.key = 5;
    rows.loss = &value;
    rows.gradient = gradients ? answer.gradient.data() : nullptr;
    rows.reference_gradient =
        gradients && !e.reference.empty() ? answer.reference_gradient.data() : nullptr;
    spar::evaluate(loss, rows);
    answer.loss = value;
    return answer;
}

}  // namespace spar::test
