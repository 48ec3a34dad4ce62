#include "engine/loss_head.hpp"

#include "instances/blame.hpp"

#include <algorithm>

namespace spar::host {
namespace {

template <class T>
T *from(T *base, std::int64_t offset) {
    return base != nullptr ? base + offset : nullptr;
}

/// What a loss sees: copies, so that only its answer has an effect. Reused from call to call.
struct ShownRows {
    std::vector<float> output, reference, values;
    std::vector<std::int64_t> labels, targets, ids;

    spar_loss_rows of(spar_loss_rows rows) {
        const auto show = [&](auto &memory, const auto *&source, std::int64_t width) {
            if (source == nullptr) return;
            memory.assign(source, source + rows.count * width);
            source = memory.data();
        };
        show(output, rows.output, rows.outputs);
        show(reference, rows.reference, rows.outputs);
        show(values, rows.values, rows.outputs);
        show(labels, rows.labels, 1);
        show(targets, rows.targets, 1);
        show(ids, rows.ids, 1);
        return rows;
    }
};

}  // namespace

spar_status evaluate_loss(const spar_component_ref &loss, const spar_loss_rows &rows,
                          spar_error *error) {
    thread_local ShownRows memory;
    const spar_loss_rows shown = memory.of(rows);
    const auto evaluate = [&](spar_error *e) {
        return static_cast<const spar_loss_table *>(loss.table)->evaluate(loss.self, &shown, e);
    };
    const Instance *instance = Instance::of(loss);
    return instance != nullptr ? call_back(*instance, "evaluate", error, evaluate)
                               : guarded_piece(error, evaluate);
}

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
    if (head.labelled < first + count) {
        clear_rows(rows, std::max<std::int64_t>(0, head.labelled - first));
        rows.count = std::max<std::int64_t>(0, head.labelled - first);
        if (rows.count == 0) return SPAR_OK;
    }
    if (const spar_status status = evaluate_loss(*head.loss, rows, error); status != SPAR_OK)
        return status;
    const float factor = head.negate ? -head.weight : head.weight;
    if (gradients != nullptr && factor != 1)
        for (std::int64_t i = 0; i < count * head.outputs; ++i) gradients[i] *= factor;
    if (head.negate && rows.loss != nullptr)
        for (std::int64_t i = 0; i < count; ++i) rows.loss[i] = -rows.loss[i];
    return SPAR_OK;
}

void clear_rows(const spar_loss_rows &rows, std::int64_t first) {
    const auto clear = [&](float *values, std::int64_t width) {
        if (values != nullptr) std::fill(values + first * width, values + rows.count * width, 0.0F);
    };
    clear(rows.loss, 1);
    clear(rows.gradient, rows.outputs);
    clear(rows.reference_gradient, rows.outputs);
}

bool needs_labels(const spar_component_ref &loss) {
    const spar_loss_needs needs = needs_of(loss);
    return (needs & SPAR_LOSS_NEEDS_REFERENCE) == 0 ||
           (needs & (SPAR_LOSS_NEEDS_LABELS | SPAR_LOSS_NEEDS_VALUES)) != 0;
}

spar_loss_needs needs_of(const spar_component_ref &loss) {
    const auto *table = static_cast<const spar_loss_table *>(loss.table);
    if (table->needs == nullptr) return 0;
    const Instance *instance = Instance::of(loss);
    if (instance == nullptr) return table->needs(loss.self);
    return instance->ask("needs", [&] { return table->needs(loss.self); });
}

}  // namespace spar::host
