// The loops of kernels.hpp, for a block of BLOCK floats. Included by one file per instruction set.
#include "kernels/activation.hpp"
#include "kernels/conv3_weights.hpp"
#include "kernels/conv_bf16_weights.hpp"
#include "kernels/conv_weights.hpp"
#include "kernels/dropping.hpp"
#include "kernels/first_conv_gradient.hpp"
#include "kernels/first_conv_steps_weights.hpp"
#include "kernels/line_norm.hpp"
#include "kernels/matrix.hpp"
#include "kernels/norm.hpp"
#include "kernels/pool.hpp"
#include "kernels/product.hpp"
#include "kernels/softmax.hpp"

namespace sequential {
namespace {

void rectify_gradient(const float *z, float slope, float *g, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) g[i] = z[i] > 0.0F ? g[i] : slope * g[i];
}

void rectify_signed(const Signs *signs, float slope, float *g, std::int64_t count) {
    for (std::int64_t i = 0; i < count; i += B)
        store(g + i, rectify_by(signs[i / B], slope, load(g + i)));
}

void add(const float *x, float *sum, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) sum[i] += x[i];
}

constexpr Kernels table{.block = B,
                        .conv3 = {.packed_size = conv3_packed_size,
                                  .pack = conv3_pack,
                                  .pack_gradient = conv3_pack_gradient,
                                  .deposit = conv3_deposit,
                                  .group = conv3_group,
                                  .weights_group = conv3_weights_group,
                                  .scratch = conv3_scratch,
                                  .forward = conv3,
                                  .gradient = conv3_gradient,
                                  .weights = conv3_weights},
                        .conv = {.packed_size = direct_packed_size,
                                 .pack = direct_pack,
                                 .pack_gradient = direct_pack_gradient,
                                 .deposit = direct_deposit,
                                 .group = direct_group,
                                 .weights_group = direct_weights_group,
                                 .scratch = direct_scratch,
                                 .forward = direct,
                                 .gradient = direct_gradient,
                                 .weights = direct_weights},
                        .conv_bf16 = conv_bf16_table,
                        .product = product,
                        .product_gradient = product_gradient,
                        .add_kept = add_kept,
                        .multiply_scratch = multiply_scratch,
                        .multiply = multiply,
                        .softmax = softmax,
                        .softmax_gradient = softmax_gradient,
                        .additive_scores = additive_scores,
                        .additive_scores_gradient = additive_scores_gradient,
                        .first_conv_scratch = scratch_size,
                        .first_conv = first_conv,
                        .first_conv_gradient = conv_gradient,
                        .first_conv_weights = first_conv_weights,
                        .first_conv_step_scratch = step_scratch_size,
                        .first_conv_load_gradient = conv_load_gradient,
                        .first_conv_step = conv_step,
                        .first_conv_step_weights = conv_step_weights,
                        .max_pool = max_pool,
                        .max_pool_gradient = max_pool_gradient,
                        .average_pool = average_pool,
                        .average_pool_gradient = average_pool_gradient,
                        .channel_means = channel_means,
                        .channel_means_gradient = channel_means_gradient,
                        .rectify = rectify_values,
                        .tanh = tanh_values,
                        .tanh_gradient = tanh_gradient,
                        .sigmoid = sigmoid_values,
                        .sigmoid_gradient = sigmoid_gradient,
                        .gelu = gelu_values,
                        .gelu_gradient = gelu_gradient,
                        .rectify_gradient = rectify_gradient,
                        .rectify_signed = rectify_signed,
                        .add = add,
                        .multiply_by = multiply_by,
                        .keep_factors = keep_factors,
                        .moments = moments,
                        .normalise = normalise,
                        .gradient_moments = gradient_moments,
                        .normalise_gradient = normalise_gradient,
                        .line_moments = line_moments,
                        .normalise_line = normalise_line,
                        .normalise_line_gradient = normalise_line_gradient,
                        .normalise_line_weights = normalise_line_weights};

}  // namespace
}  // namespace sequential
