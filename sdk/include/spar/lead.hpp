// How far an attack's goal is ahead: what black-box and minimum-norm attacks make grow.
#pragma once

#include <spar/attack.hpp>
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

/// A batch without examples may have no labels and yet be one of classes.
inline bool lacks_classes(const AttackBatch &batch) {
    return batch.labels() == nullptr && (batch.count() > 0 || batch.raw().values != nullptr);
}

/// For attacks that look at classes; to be called before anything else.
inline void require_classes(const Oracle &oracle, const AttackBatch &batch) {
    if (lacks_classes(batch))
        throw invalid("this attack needs classes of single examples: use pgd or fgsm");
    if (oracle.outputs() < 2) throw invalid("this attack needs a model with two outputs or more");
}

/// Untargeted: the best other class against the label. Targeted: the target against the best other.
inline Race race(const AttackBatch &batch, std::int64_t row, std::span<const float> outputs) {
    const std::int64_t own =
        batch.targets() != nullptr ? batch.targets()[row] : batch.labels()[row];
    const auto other = static_cast<std::size_t>(argmax_except(outputs, own));
    const auto mine = static_cast<std::size_t>(own);
    return batch.targets() != nullptr ? Race{mine, other} : Race{other, mine};
}

/// Classes by their output, largest first, without the label: what several attacks aim at in turn.
inline void rivals(std::span<const float> outputs, std::int64_t label, std::int64_t count,
                   std::span<std::int64_t> out) {
    for (std::int64_t place = 0; place < count; ++place) {
        std::int64_t best = -1;
        for (std::int64_t c = 0; c < std::ssize(outputs); ++c) {
            const auto taken = out.first(static_cast<std::size_t>(place));
            if (c == label || std::find(taken.begin(), taken.end(), c) != taken.end()) continue;
            if (best < 0 ||
                outputs[static_cast<std::size_t>(c)] > outputs[static_cast<std::size_t>(best)])
                best = c;
        }
        out[static_cast<std::size_t>(place)] = best;
    }
}

}  // namespace spar
