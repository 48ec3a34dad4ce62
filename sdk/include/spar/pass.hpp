// How a method describes one pass over its batch, and what it sees of a parameter: the structs of
// spar_session with names and defaults.
#pragma once

#include <spar/abi.h>
#include <spar/head.hpp>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace SPAR_HIDDEN spar {

/// Steps through the model's first stage alone, after a pass over the same x; see spar_stage_steps.
struct StageSteps {
    float *x = nullptr;  /// [n, size], moved in place
    std::int64_t count = 0;
    AscentRef ascent{};
    bool full_pass = false;  /// the pass goes back through the stage too; its gradients add up
};

/// A place inside the model, see spar/abi/site.h.
struct Site {
    std::int32_t index;
    spar_site_kind kind;
    const char *name;
    bool adds;                        /// can be perturbed
    std::vector<std::int64_t> shape;  /// of one example, in this batch
    std::int64_t room;                /// values of one example at the greatest length

    std::int64_t size() const {
        std::int64_t values = 1;
        for (const std::int64_t extent : shape) values *= extent;
        return values;
    }
};

/// What a pass, or a way back through its tape, does at a site; the fields of spar_site_use.
struct SiteUse {
    std::int32_t site;                 /// Site::index
    const float *add = nullptr;        /// [n, shape...] added to the values, in passes
    float *values = nullptr;           /// out, in passes
    float *gradient = nullptr;         /// out: at these values
    const float *cotangent = nullptr;  /// added on the way back
};

inline std::vector<spar_site_use> site_uses(std::span<const SiteUse> sites) {
    std::vector<spar_site_use> uses;
    for (const SiteUse &s : sites)
        uses.push_back({sizeof(spar_site_use), s.site, s.add, s.values, s.gradient, s.cotangent});
    return uses;
}

/// One pass over the batch's rows; the fields of spar_session_pass.
struct Pass {
    const float *x = nullptr;  /// [n, size]; null: the batch's own
    spar_wants wants = SPAR_WANT_PARAMETER_GRADIENTS;
    double weight = 1;  /// of the loss, in everything pulled back; 1/n makes the batch mean
    spar_mode mode = SPAR_MODE_TRAIN;
    HeadRef head{};                            /// instead of the loss
    const spar_component_ref *loss = nullptr;  /// null: the pipeline's
    const float *reference = nullptr;          /// [n, K] for a loss that compares
    const std::int64_t *labels = nullptr;      /// [n]; null: the batch's
    const float *values = nullptr;             /// [n, K]; null: the batch's
    float *outputs = nullptr;                  /// [n, K] or null
    float *loss_values = nullptr;              /// [n] unweighted, or null
    float *dx = nullptr;                       /// [n, size] with SPAR_WANT_INPUT_GRADIENT
    std::int32_t tape = 0;                     /// slot in [1, 8] for backward, 0: none
    std::int64_t draw = 0;                     /// a different number gives different dropout masks
    bool forward_only = false;                 /// neither loss nor gradient
    const spar_tokens *tokens = nullptr;  /// instead of x, in batches of texts(); null: its own
    std::span<const SiteUse> sites{};     /// values and gradients inside the model
};

/// One parameter of the model.
struct Parameter {
    std::string_view name;
    bool trainable;
    bool of_stage;  /// belongs to the model's first stage
    std::vector<std::int64_t> shape;
    std::span<float> value;
    std::span<float> gradient;  /// empty for a buffer
};

}  // namespace spar
