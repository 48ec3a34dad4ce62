// Long short-term memory (Hochreiter, Schmidhuber 1997), with the names and the results of
// PyTorch's.
#include "kernels/kernels.hpp"
#include "layers/recurrent.hpp"

#include <algorithm>

namespace sequential {
namespace {

/// i, f, o = sigmoid, g = tanh of their gates; c = f c + i g; h = o tanh(c).
class LstmCell final : public Cell {
  public:
    int gates() const override { return 4; }
    int kept() const override { return 6; }  // i, f, g, o, c before, tanh(c) behind

    void step(std::int64_t size, const float *input, const float *hidden, float *h, float *c,
              float *kept) const override {
        std::copy_n(input, 4 * size, kept);
        kernels().add(hidden, kept, 4 * size);
        kernels().sigmoid(kept, kept, 2 * size);
        kernels().tanh(kept + 2 * size, kept + 2 * size, size);
        kernels().sigmoid(kept + 3 * size, kept + 3 * size, size);
        const float *i = kept, *f = i + size, *g = f + size, *o = g + size;
        float *before = kept + 4 * size, *wide = before + size;
        for (std::int64_t k = 0; k < size; ++k) {
            before[k] = c[k];
            c[k] = f[k] * c[k] + i[k] * g[k];
        }
        kernels().tanh(c, wide, size);
        for (std::int64_t k = 0; k < size; ++k) h[k] = o[k] * wide[k];
    }

    void back(std::int64_t size, const float *, const float *kept, float *dh, float *dc,
              float *input, float *hidden) const override {
        const float *i = kept, *f = i + size, *g = f + size, *o = g + size;
        const float *before = o + size, *wide = before + size;
        for (std::int64_t k = 0; k < size; ++k) {
            const float d = dc[k] + dh[k] * o[k] * (1 - wide[k] * wide[k]);
            input[k] = d * g[k] * i[k] * (1 - i[k]);
            input[size + k] = d * before[k] * f[k] * (1 - f[k]);
            input[2 * size + k] = d * i[k] * (1 - g[k] * g[k]);
            input[3 * size + k] = dh[k] * wide[k] * o[k] * (1 - o[k]);
            dc[k] = d * f[k];
            dh[k] = 0;
        }
        std::copy_n(input, 4 * size, hidden);
    }
};

const LstmCell cell;

class Lstm final : public RecurrentLayer {
  public:
    static constexpr About about{"lstm",
                                 "long short-term memory over the positions of a text, ignoring "
                                 "padding; parameters as PyTorch's LSTM"};
    Lstm() : RecurrentLayer(about, cell) {}
};

}  // namespace

LayerKind lstm() {
    return kind_of<Lstm>();
}

}  // namespace sequential
