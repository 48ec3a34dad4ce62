#include "run/evaluation_pass.hpp"

#include <fmt/format.h>
#include <cmath>
#include <limits>

namespace spar::host {

EvaluationPass::EvaluationPass(Network &network, const spar_component_ref *loss)
    : network_(network),
      loss_(loss),
      has_loss_(loss != nullptr && (needs_of(*loss) & SPAR_LOSS_NEEDS_TARGETS) == 0) {}

double EvaluationPass::loss(std::size_t row) const {
    return has_loss_ ? double{losses_[row]} : std::numeric_limits<double>::quiet_NaN();
}

void EvaluationPass::run(Space &space, const Space::Points &points, const Truth &truth,
                         float *outputs) {
    losses_.assign(static_cast<std::size_t>(points.count), 0.0F);
    LossHead head{.loss = loss_, .outputs = network_.outputs()};
    head.reference = truth.clean;
    head.own_reference = truth.clean == nullptr;
    head.labels = truth.labels;
    head.values = truth.values;
    head.ids = points.ids;
    head.loss_values = losses_.data();
    spar_pass pass{};
    pass.mode = SPAR_MODE_EVAL;
    pass.outputs = outputs;
    pass.head = has_loss_ ? LossHead::evaluate : nullptr;
    pass.head_context = &head;
    space.pass(points, pass);
    for (std::int64_t i = 0; i < points.count * network_.outputs(); ++i)
        if (!std::isfinite(outputs[i]))
            throw Failure(
                Exit::plugin,
                fmt::format("#{}: the model's outputs are not numbers (found {}); was its "
                            "training stable?",
                            network_.instance().pointer(), outputs[i]));
}

}  // namespace spar::host
