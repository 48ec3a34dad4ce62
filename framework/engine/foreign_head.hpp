// A head supplied by a plugin, on its way into the model.
#pragma once

#include "instances/blame.hpp"

namespace spar::host {

/// Must outlive the pass. Failures are attributed to the owner, not to the model.
struct ForeignHead {
    const Instance &owner;
    spar_head head;
    void *context;

    /// A spar_head; `self` is the ForeignHead.
    static spar_status evaluate(void *self, std::int64_t first, std::int64_t count,
                                const float *outputs, float *gradients, spar_error *error) {
        const auto &foreign = *static_cast<const ForeignHead *>(self);
        return call_back(foreign.owner, "a head", error, [&](spar_error *e) {
            return foreign.head(foreign.context, first, count, outputs, gradients, e);
        });
    }
};

}  // namespace spar::host
