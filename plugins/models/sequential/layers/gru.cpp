// Gated recurrent units (Cho et al. 2014), with the names and the results of PyTorch's.
#include "kernels/kernels.hpp"
#include "layers/recurrent.hpp"

#include <algorithm>

namespace sequential {
namespace {

/// r, z = sigmoid of their gates; n = tanh(input + r hidden); h = (1 - z) n + z h.
class GruCell final : public Cell {
  public:
    int gates() const override { return 3; }
    int kept() const override { return 4; }  // r, z, n, and the hidden summand of n

    void step(std::int64_t size, const float *input, const float *hidden, float *h, float *,
              float *kept) const override {
        std::copy_n(input, 3 * size, kept);
        kernels().add(hidden, kept, 2 * size);
        kernels().sigmoid(kept, kept, 2 * size);
        const float *r = kept, *z = r + size;
        float *n = kept + 2 * size, *summand = n + size;
        std::copy_n(hidden + 2 * size, size, summand);
        for (std::int64_t k = 0; k < size; ++k) n[k] += r[k] * summand[k];
        kernels().tanh(n, n, size);
        for (std::int64_t k = 0; k < size; ++k) h[k] = (1 - z[k]) * n[k] + z[k] * h[k];
    }

    void back(std::int64_t size, const float *before, const float *kept, float *dh, float *,
              float *input, float *hidden) const override {
        const float *r = kept, *z = r + size, *n = z + size, *summand = n + size;
        for (std::int64_t k = 0; k < size; ++k) {
            const float d = dh[k] * (1 - z[k]) * (1 - n[k] * n[k]);
            input[k] = hidden[k] = d * summand[k] * r[k] * (1 - r[k]);
            input[size + k] = hidden[size + k] = dh[k] * (before[k] - n[k]) * z[k] * (1 - z[k]);
            input[2 * size + k] = d;
            hidden[2 * size + k] = d * r[k];
            dh[k] *= z[k];
        }
    }
};

const GruCell cell;

class Gru final : public RecurrentLayer {
  public:
    static constexpr About about{"gru",
                                 "gated recurrent units over the positions of a text, ignoring "
                                 "padding; parameters as PyTorch's GRU"};
    Gru() : RecurrentLayer(about, cell) {}
};

}  // namespace

LayerKind gru() {
    return kind_of<Gru>();
}

}  // namespace sequential
