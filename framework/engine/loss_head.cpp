#include "engine/loss_head.hpp"

#include "pipeline/instance.hpp"

#include <spar/error.hpp>

namespace spar::host {
namespace {
template <class T>
T *from(T *base, std::int64_t offset) {
    return base != nullptr ? base + offset : nullptr;
}

/// The loss's own answer; a failure names the loss and its place, for it passes through the model.
spar_status call(const spar_component_ref &loss, const spar_loss_rows &rows, spar_error *error) {
    const auto *table = static_cast<const spar_loss_table *>(loss.table);
    spar_status status = SPAR_OK;
    try {
        status = table->evaluate(loss.self, &rows, error);
    } catch (const std::exception &e) {
        status = fill(error, SPAR_E_INTERNAL, std::string("let an exception out: ") + e.what());
    } catch (...) {
        status = fill(error, SPAR_E_INTERNAL, "let an exception out");
    }
    if (status == SPAR_OK || error == nullptr) return status;
    const Instance *instance = Instance::of(loss);
    if (instance == nullptr)
        return fill(error, status, std::string("loss ") + loss.type + ": " + error->message,
                    error->pointer);
    return fill(error, status, instance->label() + ": " + error->message,
                "#" + instance->pointer() + error->pointer);
}

}  // namespace

spar_status LossHead::evaluate(void *context, std::int64_t first, std::int64_t count,
                               const float *outputs, float *gradients, spar_error *error) {
    const auto &head = *static_cast<const LossHead *>(context);
    const std::int64_t wide = first * head.outputs;
    spar_loss_rows rows{};
    rows.struct_size = sizeof rows;
    rows.count = count;
    rows.outputs = head.outputs;
    rows.output = outputs;
    rows.reference = head.own_reference ? outputs : from(head.reference, wide);
    rows.labels = from(head.labels, first);
    rows.values = from(head.values, wide);
    rows.targets = from(head.targets, first);
    rows.ids = from(head.ids, first);
    rows.key = head.key;
    rows.loss = from(head.loss_values, first);
    rows.gradient = gradients;
    if (const spar_status status = call(*head.loss, rows, error); status != SPAR_OK) return status;
    const float factor = head.negate ? -head.weight : head.weight;
    if (gradients != nullptr && factor != 1)
        for (std::int64_t i = 0; i < count * head.outputs; ++i) gradients[i] *= factor;
    if (head.negate && rows.loss != nullptr)
        for (std::int64_t i = 0; i < count; ++i) rows.loss[i] = -rows.loss[i];
    return SPAR_OK;
}

spar_loss_needs needs_of(const spar_component_ref &loss) {
    const auto *table = static_cast<const spar_loss_table *>(loss.table);
    if (table->needs == nullptr) return 0;
    const Instance *instance = Instance::of(loss);
    if (instance == nullptr) return table->needs(loss.self);
    return instance->ask("needs", [&] { return table->needs(loss.self); });
}

}  // namespace spar::host
