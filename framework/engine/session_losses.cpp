// The losses of a session: at known outputs, and which rows have labels for them.
#include "engine/loss_head.hpp"
#include "engine/session.hpp"

#include <spar/loss.hpp>
#include <spar/philox.hpp>

#include <algorithm>

namespace spar::host {

std::uint64_t TrainingSession::loss_key() const {
    return mix_key(mix_key(method_.key(), static_cast<std::uint64_t>(place_.step)), 1);
}

void TrainingSession::loss(const spar_component_ref *loss, std::int64_t first,
                           spar_loss_rows rows) const {
    const auto from = [&](auto *given, auto *own, std::int64_t width) {
        return given != nullptr || own == nullptr ? given : own + first * width;
    };
    rows.outputs = network_.outputs();
    const spar_component_ref &asked = loss != nullptr ? *loss : loss_;
    const std::int64_t end = first + rows.count,
                       labelled = labelled_for(asked, rows.labels, rows.values);
    if (labelled > 0) {
        rows.labels = from(rows.labels, batch_->label_data(), 1);
        rows.values = from(rows.values, batch_->value_data(), rows.outputs);
    }
    rows.ids = from(rows.ids, batch_->ids.data(), 1);
    if (rows.key == 0) rows.key = loss_key();
    if (labelled > 0 && end > labelled) {
        const std::int64_t known = std::max<std::int64_t>(0, labelled - first);
        clear_rows(rows, known);
        rows.count = known;
        if (known == 0) return;
    }
    checked([&](spar_error *e) { return evaluate_loss(asked, rows, e); });
}

std::int64_t TrainingSession::labelled_for(const spar_component_ref &loss,
                                           const std::int64_t *labels, const float *values) const {
    if (batch_->labelled() == batch_->count || labels != nullptr || values != nullptr)
        return batch_->count;
    return needs_labels(loss) ? batch_->labelled() : 0;
}

void TrainingSession::give_labels(LossHead &head) const {
    const std::int64_t labelled = labelled_for(*head.loss, head.labels, head.values);
    if (labelled == 0) return;
    head.labelled = labelled;
    if (head.labels == nullptr) head.labels = batch_->label_data();
    if (head.values == nullptr) head.values = batch_->value_data();
}

}  // namespace spar::host
