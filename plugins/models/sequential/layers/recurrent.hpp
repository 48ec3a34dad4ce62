// What recurrent layers share: a state that goes from one position of a text to the next, in one
// direction or both, as PyTorch runs packed sequences.
#pragma once

#include "layers/builder.hpp"

namespace sequential {

/// One step of one text. Vectors have `size` values, gates of them side by side.
class Cell {
  public:
    virtual ~Cell() = default;
    virtual int gates() const = 0;
    /// Vectors that the backward pass wants of every step.
    virtual int kept() const = 0;

    /// From the gates' two summands to the next h, which it replaces, and c, a second state where
    /// the cell has one.
    virtual void step(std::int64_t size, const float *input, const float *hidden, float *h,
                      float *c, float *kept) const = 0;
    /// Back: from the gradients at h and c behind the step to those before it, which replace them,
    /// but for the part of h that goes through the gates; writes the gradients at both summands.
    /// `before`: h before the step.
    virtual void back(std::int64_t size, const float *before, const float *kept, float *dh,
                      float *dc, float *input, float *hidden) const = 0;
};

class RecurrentLayer : public Layer {
  public:
    int build(Builder &builder, int input) const override;
    bool has_parameters() const override { return true; }

  protected:
    RecurrentLayer(const About &about, const Cell &cell) : Layer(about), cell_(cell) {}

  private:
    int direction(Builder &builder, int input, std::int64_t layer, bool reverse) const;

    const Cell &cell_;
    spar::Integer hidden_{this, "hidden", "size of the state", {.min = 1, .max = 1 << 20}};
    spar::Integer layers_{this, "layers", "number of layers", {.fallback = 1, .min = 1}};
    spar::Boolean bidirectional_{
        this,
        "bidirectional",
        "whether a second state runs from the end to the beginning, concatenated to the first",
        {.fallback = false}};
    spar::Boolean bias_{this,
                        "bias",
                        "whether the gates' summands of input and state have a bias each",
                        {.fallback = true}};
    spar::Choice output_{this,
                         "output",
                         "all is the states at all positions, [length, hidden]; last is the final "
                         "state of each direction, ignoring padding",
                         {"all", "last"},
                         {.fallback = "all"}};
};

}  // namespace sequential
