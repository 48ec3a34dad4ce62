// The loops of kernels.hpp, for a block of BLOCK floats. Included by one file an instruction set.
#include "kernels_conv.hpp"
#include "kernels_conv3_weights.hpp"
#include "kernels_norm.hpp"
#include "kernels_pool.hpp"
#include "kernels_product.hpp"
#include "kernels_step_weights.hpp"

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
                        .conv3_packed_size = conv3_packed_size,
                        .conv3_pack = conv3_pack,
                        .conv3_deposit = conv3_deposit,
                        .conv3_group = conv3_group,
                        .conv3_scratch = conv3_scratch,
                        .conv3_gradient_scratch = conv3_gradient_scratch,
                        .conv3_weights_scratch = conv3_weights_scratch,
                        .conv3 = conv3,
                        .conv3_gradient = conv3_gradient,
                        .conv3_weights = conv3_weights,
                        .conv3_weights_group = conv3_weights_group,
                        .product = product,
                        .product_gradient = product_gradient,
                        .first_conv_scratch = scratch_size,
                        .first_conv = first_conv,
                        .first_conv_gradient = conv_gradient,
                        .first_conv_weights = first_conv_weights,
                        .first_conv_step_scratch = step_scratch_size,
                        .first_conv_aim = conv_aim,
                        .first_conv_step = conv_step,
                        .first_conv_step_weights = conv_step_weights,
                        .max_pool = max_pool,
                        .max_pool_gradient = max_pool_gradient,
                        .rectify_gradient = rectify_gradient,
                        .rectify_signed = rectify_signed,
                        .add = add,
                        .moments = moments,
                        .normalise = normalise,
                        .gradient_moments = gradient_moments,
                        .normalise_gradient = normalise_gradient};

}  // namespace
}  // namespace sequential
