// When a model is wrong at a point: by a margin that the rounding of another program, or of another
// machine, does not undo. The host decides by this, and attacks go on until it holds.
#pragma once

#include <spar/math.hpp>

namespace SPAR_HIDDEN spar {

/// The two classes whose distance counts: an attack wants `towards` above `from`.
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
/// the best other class. There must be two outputs or more.
inline Race race(std::span<const float> outputs, std::int64_t own, bool targeted) {
    const auto other = static_cast<std::size_t>(argmax_except(outputs, own));
    const auto mine = static_cast<std::size_t>(own);
    return targeted ? Race{mine, other} : Race{other, mine};
}

/// A lead must be larger than this: 1e-6 of the range of the outputs, zero among them.
inline double least_margin(std::span<const float> outputs) {
    double low = 0, high = 0;
    for (const float value : outputs) {
        low = std::min(low, double{value});
        high = std::max(high, double{value});
    }
    return 1e-6 * (high - low);
}

enum class Verdict {
    missed,    /// the class is not the one wanted
    marginal,  /// it is, by a lead so small that another program may see none: no success
    reached,
};

/// The model's outputs at one point against an attack's goal: another class than `own`, the label,
/// or with `targeted` the class `own`.
inline Verdict verdict(std::span<const float> outputs, std::int64_t own, bool targeted) {
    if (outputs.size() < 2 || (argmax(outputs) == own) != targeted) return Verdict::missed;
    const double lead = race(outputs, own, targeted).lead(outputs);
    return lead > least_margin(outputs) ? Verdict::reached : Verdict::marginal;
}

}  // namespace spar
