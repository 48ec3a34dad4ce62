// When a model counts as wrong at a point: by a margin that rounding in another program or on
// another machine does not undo. The host decides by this rule, and attacks continue until it
// holds.
#pragma once

#include <spar/math.hpp>

namespace SPAR_HIDDEN spar {

/// The two classes whose difference counts: an attack wants `towards` above `from`.
struct Race {
    std::size_t towards, from;

    double lead(std::span<const float> outputs) const {
        return double{outputs[towards]} - double{outputs[from]};
    }
    /// Gradient of `scale` times the lead at the outputs.
    void gradient(double scale, std::span<float> out) const {
        std::fill(out.begin(), out.end(), 0.0F);
        out[towards] = static_cast<float>(scale);
        out[from] = static_cast<float>(-scale);
    }
};

/// Untargeted: the best other class against `own`, the label. Targeted: `own`, the target, against
/// the best other class. There must be at least two outputs.
inline Race race(std::span<const float> outputs, std::int64_t own, bool targeted) {
    const auto other = static_cast<std::size_t>(argmax_except(outputs, own));
    const auto mine = static_cast<std::size_t>(own);
    return targeted ? Race{mine, other} : Race{other, mine};
}

/// A lead must exceed this: 1e-6 of the range of the outputs and zero.
inline double least_margin(std::span<const float> outputs) {
    double low = 0, high = 0;
    for (const float value : outputs) {
        low = std::min(low, double{value});
        high = std::max(high, double{value});
    }
    return 1e-6 * (high - low);
}

enum class Verdict {
    missed,    /// the class is not the wanted one
    marginal,  /// it is, but by a lead so small that another program may not see it: no success
    reached,
};

/// Judges the model's outputs at one point by an attack's goal: any class other than `own`, the
/// label, or with `targeted` the class `own`.
inline Verdict verdict(std::span<const float> outputs, std::int64_t own, bool targeted) {
    if (outputs.size() < 2 || (argmax(outputs) == own) != targeted) return Verdict::missed;
    const double lead = race(outputs, own, targeted).lead(outputs);
    return lead > least_margin(outputs) ? Verdict::reached : Verdict::marginal;
}

}  // namespace spar
