// The target classes of APGD-T.
#pragma once

#include <spar/kit/lead.hpp>

namespace apgd {

/// The targets of every example: the threat's, or the most likely classes at x other than the
/// label.
class Aims {
  public:
    /// `wanted` 0: none. At most as many as there are other classes.
    void choose(const spar::Oracle &oracle, const spar::AttackBatch &batch, std::int64_t wanted) {
        on_ = wanted > 0;
        count_ = !on_ || batch.targets() != nullptr
                     ? 1
                     : std::min<std::int64_t>(wanted, oracle.outputs() - 1);
        if (!on_) return;
        if (spar::lacks_classes(batch) || oracle.outputs() < 4)
            throw spar::invalid(
                "the targeted difference of logits ratio needs classes of single examples and four "
                "outputs or more: leave targets out; in auto_attack, list \"attacks\" without it",
                "/targets");
        classes_.resize(static_cast<std::size_t>(batch.count() * count_));
        clean_.resize(batch.count(), oracle.outputs());
        if (batch.outputs())
            std::ranges::copy(batch.outputs().flat(), clean_.rows().flat().begin());
        else
            oracle.evaluate(
                {.x = batch.x().data(), .count = batch.count(), .outputs = clean_.data()});
        for (std::int64_t row = 0; row < batch.count(); ++row) {
            const auto own = std::span(classes_).subspan(static_cast<std::size_t>(row * count_),
                                                         static_cast<std::size_t>(count_));
            if (batch.targets() != nullptr)
                own[0] = batch.targets()[row];
            else
                spar::rivals(clean_[row], batch.labels()[row], count_, own);
        }
    }

    bool on() const { return on_; }
    /// Targets per example; 1 if there are none.
    std::int64_t count() const { return count_; }
    /// The target of a run: each in turn.
    std::int64_t of(std::int64_t row, std::int64_t run) const {
        return classes_[static_cast<std::size_t>(row * count_ + run % count_)];
    }

  private:
    bool on_ = false;
    std::int64_t count_ = 1;
    spar::Matrix clean_;
    std::vector<std::int64_t> classes_;
};

}  // namespace apgd
