// The inner loops. Compiled once for each instruction set and chosen at run time. Images are
// blocked: [channels / B][height][width][B], B = Kernels::block. All of them run on one core, and
// on one example unless they say otherwise.
#pragma once

#include <cstdint>

namespace sequential {

/// A convolution from a few plain channels to blocked ones. Weights [in][kernel][kernel][out padded
/// to whole blocks]; bias [out padded].
struct FirstConv {
    std::int64_t channels, height, width;
    std::int64_t out, blocks, out_height, out_width;  // channels, and blocks of them
    std::int64_t kernel, stride, padding;
    bool activation;  // followed by z > 0 ? z : slope * z
    float slope;
};

/// A convolution between blocked images. Weights [out][in][kernel][kernel].
struct Conv {
    std::int64_t in, out;        // channels, without filling
    std::int64_t height, width;  // of the input
    std::int64_t kernel, stride, padding;
    bool activation;  // followed by z > 0 ? z : slope * z
    float slope;

    std::int64_t out_height() const { return (height + 2 * padding - kernel) / stride + 1; }
    std::int64_t out_width() const { return (width + 2 * padding - kernel) / stride + 1; }
};

/// Rows of `in` plain values to rows of `out`.
struct Product {
    std::int64_t in, out;
    bool activation;  // followed by z > 0 ? z : slope * z
    float slope;
};

/// Outputs whose gradients at y lie side by side in KeptLines.
inline constexpr std::int64_t kept_outs = 16;

/// A batch's inputs x and gradients g at y, side by side in panels: of 4 blocks of inputs,
/// [lines][4 B], and of kept_outs outputs, [lines][kept_outs]. Rows as a product has them may be a
/// power of two apart, and evict one another from the cache.
struct KeptLines {
    const float *x, *g;
    std::int64_t x_panel, g_panel;  // floats from one panel to the next
};

/// A stream of random numbers, as spar::Random's, from its number `first` on, a multiple of 4.
struct Draw {
    std::uint64_t key, id;
    std::uint32_t number;
    std::int64_t first = 0;
};

/// A matrix as it lies: its value in row i and column j is at[i * row + j * column].
struct Matrix {
    const float *at;
    std::int64_t row, column;
};

/// [rows][in] times [in][out], times `scale`; rows of the result are `y_row` floats apart.
struct MatrixProduct {
    std::int64_t rows, in, out;
    float scale;
    std::int64_t y_row;
};

/// Scores of one query with `keys` keys, all of `width` values.
struct AdditiveScores {
    std::int64_t width, keys;
};

struct Pool {
    std::int64_t blocks, height, width, out_height, out_width;
    std::int64_t kernel, stride, padding;
    // The input is the output of z > 0 ? z : slope * z, and the gradient is wanted before it.
    bool activation;
    float slope;
};

/// Normalisation of blocked channels, followed by z > 0 ? z : slope * z if `activation`. Vectors
/// hold one number per channel, padded to whole blocks.
struct Norm {
    std::int64_t blocks, plane;
    bool activation;
    float slope;
};

/// A line of values with their mean and the inverse of their deviation.
struct Line {
    std::int64_t count;
    float mean, inverse;
};

/// For one vector of `block` values z: whether each is above zero, one bit each from the lowest.
using Signs = std::uint16_t;

/// One way to compute convolutions. An example's numbers are the same for any number of others.
struct ConvKernels {
    /// Floats of the weights in the layouts of `forward` and `gradient`, and of their gradient as
    /// written by `weights`.
    std::int64_t (*packed_size)(const Conv &);
    void (*pack)(const Conv &, const float *weights, float *packed);
    void (*pack_gradient)(const Conv &, const float *weights, float *packed);
    /// Adds what `weights` wrote to the gradient of the parameter.
    void (*deposit)(const Conv &, const float *sums, float *weights);

    /// Examples that `forward` and `gradient`, or `weights`, process together; 1: more gain
    /// nothing.
    std::int64_t (*group)(const Conv &);
    std::int64_t (*weights_group)(const Conv &);
    /// Floats of scratch for each of the three below.
    std::int64_t (*scratch)(const Conv &);

    /// bias [out padded]. `signs`, unless null: one for every vector of y.
    void (*forward)(const Conv &, std::int64_t examples, const float *weights, const float *bias,
                    const float *x, std::int64_t x_stride, float *scratch, float *y,
                    std::int64_t y_stride, Signs *signs);
    /// dx from g at the output, before the activation.
    void (*gradient)(const Conv &, std::int64_t examples, const float *weights, const float *g,
                     std::int64_t g_stride, float *scratch, float *dx, std::int64_t dx_stride);
    /// Writes the gradient of the weights and of the bias, summed over examples, or adds it to what
    /// is there. g: before the activation.
    void (*weights)(const Conv &, std::int64_t examples, const float *x, std::int64_t x_stride,
                    const float *g, std::int64_t g_stride, float *scratch, bool add, float *sums,
                    float *bias);
};

/// A less exact way to compute any convolution between blocked images: factors are rounded to
/// bfloat16, sums are floats. An example's numbers are the same for any number of others.
struct ConvBf16 {
    /// Floats of the weights in the layouts of `forward` and `gradient`.
    std::int64_t (*size)(const Conv &);
    std::int64_t (*gradient_size)(const Conv &);
    void (*pack)(const Conv &, const float *weights, float *packed);
    void (*pack_gradient)(const Conv &, const float *weights, float *packed);
    /// Floats of scratch for each of the two below.
    std::int64_t (*scratch)(const Conv &);

    /// bias [out padded]. `signs`, unless null: one for every vector of y.
    void (*forward)(const Conv &, std::int64_t examples, const float *weights, const float *bias,
                    const float *x, std::int64_t x_stride, float *scratch, float *y,
                    std::int64_t y_stride, Signs *signs);
    /// dx from g at the output; signs: null if g is the gradient before the activation already.
    void (*gradient)(const Conv &, std::int64_t examples, const float *weights, const float *g,
                     std::int64_t g_stride, const Signs *signs, float *scratch, float *dx,
                     std::int64_t dx_stride);
};

struct Kernels {
    std::int64_t block;

    /// Winograd's algorithm: for 3 by 3, stride 1 and padding of at most 2.
    ConvKernels conv3;
    /// For any kernel, stride and padding.
    ConvKernels conv;
    /// In plain arithmetic, slower than the two above.
    ConvBf16 conv_bf16;

    /// y = x W + bias for each row, the same for any number of rows. Weights [out blocks in
    /// pairs][in][one or two blocks][B out], an odd last block alone; bias [out padded].
    void (*product)(const Product &, const float *weights, const float *bias, std::int64_t rows,
                    const float *x, float *y);
    /// Writes the gradient of the weights of inputs [first, last), summed over lines: [out][in up
    /// to whole blocks]. `first` is a multiple of 4 blocks; g: at y, before the activation.
    void (*product_gradient)(const Product &, const KeptLines &, std::int64_t lines,
                             std::int64_t first, std::int64_t last, float *weights);

    /// Adds lines of a panel of kept gradients, of which the first `outs` count, to a sum.
    void (*add_kept)(std::int64_t lines, std::int64_t outs, const float *g, float *sum);

    /// Floats of scratch for a right side of so many rows.
    std::int64_t (*multiply_scratch)(std::int64_t in);
    /// y = scale x w, the same for any number of rows; either rows or columns of w lie in one
    /// piece. Sums go in the order of `in`.
    void (*multiply)(const MatrixProduct &, const Matrix &x, const Matrix &w, float *scratch,
                     float *y);
    /// x = softmax(x + first + second) over `count` values; either may be null. A value of minus
    /// infinity is left out and becomes zero; where all are, all do.
    void (*softmax)(std::int64_t count, const float *first, const float *second, float *x);
    /// From the softmax y and the gradient g there to that of its argument, in g.
    void (*softmax_gradient)(std::int64_t count, const float *y, float *g);
    /// y[j] = sum over c of v[c] tanh(q[c] + k[c][j]); rows of k are filled up to whole blocks.
    void (*additive_scores)(const AdditiveScores &, const float *q, const float *k, const float *v,
                            float *y);
    /// From g at y: writes dq, adds to dk, as k, and to dv.
    void (*additive_scores_gradient)(const AdditiveScores &, const float *q, const float *k,
                                     const float *v, const float *g, float *dq, float *dk,
                                     float *dv);

    /// Floats of scratch that the three below need.
    std::int64_t (*first_conv_scratch)(const FirstConv &);
    void (*first_conv)(const FirstConv &, const float *weights, const float *bias, const float *x,
                       float *scratch, float *y, Signs *signs);
    /// dx = gradient at the plain input. g: at the output; signs: null if g is the gradient at z
    /// already.
    void (*first_conv_gradient)(const FirstConv &, const float *weights, const float *g,
                                const Signs *signs, float *scratch, float *dx);
    /// Adds the gradient of the weights, in their layout, and of the bias. g: at z.
    void (*first_conv_weights)(const FirstConv &, const float *x, const float *g, float *scratch,
                               float *weights, float *bias);

    /// Floats of scratch that the three below need. `load_gradient` brings a gradient p at
    /// the output into it, and each `step` gives the gradient at another input x, with the weights
    /// also as [out][in][ky][kx]. `weights` completes this: it adds the gradient of the weights, in
    /// their layout, and of the bias.
    std::int64_t (*first_conv_step_scratch)(const FirstConv &);
    void (*first_conv_load_gradient)(const FirstConv &, const float *p, float *scratch);
    void (*first_conv_step)(const FirstConv &, const float *weights, const float *turned,
                            const float *bias, const float *x, float *scratch, float *dx);
    void (*first_conv_step_weights)(const FirstConv &, const float *weights, const float *bias,
                                    const float *x, float *scratch, float *weight_sums,
                                    float *bias_sums);

    /// `index`: the position of each maximum in its window, plus 128 if it is not above zero. A NaN
    /// in a window wins.
    void (*max_pool)(const Pool &, const float *x, float *y, std::uint8_t *index);
    void (*max_pool_gradient)(const Pool &, const std::uint8_t *index, const float *g, float *dx);
    /// Padding counts as zeros.
    void (*average_pool)(const Pool &, const float *x, float *y);
    void (*average_pool_gradient)(const Pool &, const float *g, float *dx);
    /// Mean of each channel of blocked images of `plane` pixels.
    void (*channel_means)(std::int64_t blocks, std::int64_t plane, const float *x, float *y);
    void (*channel_means_gradient)(std::int64_t blocks, std::int64_t plane, const float *g,
                                   float *dx);

    /// y = f(x), for `count` values. A gradient multiplies g by f'(x), computed from x or y as
    /// stated.
    void (*rectify)(const float *x, float slope, float *y, std::int64_t count);
    void (*tanh)(const float *x, float *y, std::int64_t count);
    void (*tanh_gradient)(const float *y, float *g, std::int64_t count);
    void (*sigmoid)(const float *x, float *y, std::int64_t count);
    void (*sigmoid_gradient)(const float *y, float *g, std::int64_t count);
    void (*gelu)(const float *x, float *y, std::int64_t count);
    void (*gelu_gradient)(const float *x, float *g, std::int64_t count);

    /// g *= z > 0 ? 1 : slope
    void (*rectify_gradient)(const float *z, float slope, float *g, std::int64_t count);
    /// The same from the signs of z.
    void (*rectify_signed)(const Signs *signs, float slope, float *g, std::int64_t count);
    void (*add)(const float *x, float *sum, std::int64_t count);
    /// y = factors x; y may be x.
    void (*multiply_by)(const float *factors, const float *x, float *y, std::int64_t count);
    /// Factor i is 0 where number first + i of the stream, uniform in [0, 1), is below `probability`, and
    /// `scale` otherwise.
    void (*keep_factors)(const Draw &, float probability, float scale, std::int64_t count,
                         float *factors);

    /// Adds the sums of x and of x^2 to two consecutive vectors.
    void (*moments)(const Norm &, const float *x, double *sums);
    /// y = (x - mean) * scale + shift, from these three vectors.
    void (*normalise)(const Norm &, const float *x, const float *constants, float *y);
    /// With g the gradient before the activation: adds the sums of g and of g x.
    void (*gradient_moments)(const Norm &, const float *x, const float *y, const float *g,
                             double *sums);
    /// dx = g * a + (x - mean) * b + c, from the vectors mean, a, b, c; without x g * a.
    void (*normalise_gradient)(const Norm &, const float *x, const float *y, const float *g,
                               const float *constants, float *dx);

    /// Layer normalisation: mean and variance of a line.
    void (*line_moments)(std::int64_t count, const float *x, double *moments);
    /// y = (x - mean) inverse weight + bias
    void (*normalise_line)(const Line &, const float *x, const float *weight, const float *bias,
                           float *y);
    void (*normalise_line_gradient)(const Line &, const float *x, const float *weight,
                                    const float *g, float *dx);
    /// Adds to the gradients of weight and bias.
    void (*normalise_line_weights)(const Line &, const float *x, const float *g, float *weight,
                                   float *bias);
};

/// The kernels for this processor. The environment may restrict the instruction set: SPAR_ISA is
/// avx512 (without the matrix instructions), avx2 or plain; throws spar::Error for another word.
const Kernels &kernels();
/// Their instruction set: plain, avx2, avx512, or amx if passes in bfloat16 use the matrix
/// instructions.
const char *instruction_set();

/// For passes that may run in bfloat16: the fast one, or if SPAR_EMULATE_BF16 is set the kernels'
/// own, to reproduce the numbers of other machines; null without either.
const ConvBf16 *conv_bf16();
/// By the processor's matrix instructions (AMX); null if it has none.
const ConvBf16 *fast_conv_bf16();

const ConvBf16 &conv_bf16_amx();
const Kernels &kernels_avx512();
const Kernels &kernels_avx2();
const Kernels &kernels_plain();

}  // namespace sequential
