// A loss as the head of a pass: the gradient at the outputs, and the loss of each row.
#pragma once

#include <spar/abi.h>

#include <cstdint>
#include <limits>

namespace spar::host {

/// Pointers to one value or row per row of the pass; null if there is none. Must outlive the pass.
struct LossHead {
    const spar_component_ref *loss;
    std::int64_t outputs;
    float weight = 1;  /// of the gradient; -1 with `negate`: towards a target
    bool negate = false;
    const std::int64_t *labels = nullptr;
    const float *values = nullptr;
    const float *reference = nullptr;
    bool own_reference = false;  /// compare with the outputs themselves, as at the clean points
    const std::int64_t *targets = nullptr;
    const std::int64_t *ids = nullptr;
    std::uint64_t key = 0;
    float *loss_values = nullptr;
    /// Rows from here on have no labels: the loss is 0 there.
    std::int64_t labelled = std::numeric_limits<std::int64_t>::max();

    /// A spar_head; `context` is the LossHead.
    static spar_status evaluate(void *context, std::int64_t first, std::int64_t count,
                                const float *outputs, float *gradients, spar_error *error);
};

/// Evaluates rows by a loss, which sees copies; a failure stays attributed to the loss, wherever it
/// passes through. [thread-safe]
spar_status evaluate_loss(const spar_component_ref &loss, const spar_loss_rows &rows,
                          spar_error *error);

/// Sets loss values and gradients, where there are some, to zero for the rows from `first` on.
void clear_rows(const spar_loss_rows &rows, std::int64_t first);

/// Whether the loss looks at labels or values, not only at outputs elsewhere.
bool needs_labels(const spar_component_ref &loss);

/// What the loss requires.
spar_loss_needs needs_of(const spar_component_ref &loss);

}  // namespace spar::host
