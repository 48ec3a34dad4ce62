#include "engine/loss_head.hpp"

namespace spar::host {
namespace {
template <class T>
T *from(T *base, std::int64_t offset) {
    return base != nullptr ? base + offset : nullptr;
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
    rows.reference = from(head.reference, wide);
    rows.labels = from(head.labels, first);
    rows.values = from(head.values, wide);
    rows.targets = from(head.targets, first);
    rows.ids = from(head.ids, first);
    rows.key = head.key;
    rows.loss = from(head.loss_values, first);
    rows.gradient = gradients;
    const auto *table = static_cast<const spar_loss_table *>(head.loss->table);
    if (const spar_status status = table->evaluate(head.loss->self, &rows, error);
        status != SPAR_OK)
        return status;
    const float factor = head.negate ? -head.weight : head.weight;
    if (gradients != nullptr && factor != 1)
        for (std::int64_t i = 0; i < count * head.outputs; ++i) gradients[i] *= factor;
    if (head.negate && rows.loss != nullptr)
        for (std::int64_t i = 0; i < count; ++i) rows.loss[i] = -rows.loss[i];
    return SPAR_OK;
}

}  // namespace spar::host
