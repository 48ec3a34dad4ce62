// The user's net as its child computes it: passes forward and back over arrays of this process.
#pragma once

#include "child.hpp"
#include "exactness.hpp"
#include "parameters.hpp"

#include <spar/abi.h>

namespace python {

/// One pass forward, or back.
struct Work {
    std::int64_t rows = 0;
    const float *x = nullptr;
    const float *mask = nullptr;  // of texts
    const std::int64_t *ids = nullptr;
    std::uint64_t key = 0;
    std::int32_t tape = 0;
    bool training = false;
    spar_wants wants = 0;  // of the way back; none: forward only
    bool keeps = false;    // the tape
};

class Net {
  public:
    /// Tries the net on two made-up examples and shares its parameters. `text`: examples are ids.
    Net(Child &child, const std::vector<std::int64_t> &shape, bool text);

    std::int64_t outputs() const { return widths_.outputs; }
    /// Of an example as a pass reads it: its own, or of a text [length, width].
    const std::vector<std::int64_t> &reads() const { return reads_; }
    std::int64_t size() const { return widths_.inputs; }
    const std::vector<Parameter> &parameters() const { return parameters_; }
    void parameters_changed() { stale_ = true; }

    /// Outputs are in the slot afterwards.
    Slot &forward(const Work &work);
    /// The cotangent is in the slot of `work.tape`; dx may be null.
    void backward(const Work &work, float *dx);
    /// What was recorded on a tape; throws if there is nothing.
    Slot &recorded(std::int32_t tape);

    /// From ids [rows, length] to vectors, and back to the gradients of the embedding's parameters.
    void embed(std::int64_t rows, const std::int64_t *tokens, float *vectors);
    void accumulate(std::int64_t rows, const std::int64_t *tokens, const float *gradient);

    /// Does the batch again, and in halves. `first`: what came of it; `cotangent`: from its head.
    Exactness measure(Work work, const Numbers &first, const std::vector<float> &cotangent);

  private:
    Request request_of(Task task, const Work &work, const Slot &slot);
    Slot &text_slot(std::int64_t rows, const std::int64_t *tokens);
    void require_finite(const char *what, const float *values, std::int64_t width, const Work &work,
                        const Slot &slot) const;

    Child &child_;
    std::vector<std::int64_t> reads_;
    std::vector<Parameter> parameters_;
    Widths widths_;
    bool stale_ = false;
};

/// What the runner is told to set up: "values 1 28 28".
std::string shape_words(const std::vector<std::int64_t> &shape, bool text);

}  // namespace python
