#include "layers/layer.hpp"

// One line per layer: the function at the end of its file.
#define LAYERS(LAYER)         \
    LAYER(conv)               \
    LAYER(linear)             \
    LAYER(relu)               \
    LAYER(leaky_relu)         \
    LAYER(gelu)               \
    LAYER(tanh_layer)         \
    LAYER(sigmoid)            \
    LAYER(maxpool)            \
    LAYER(avgpool)            \
    LAYER(global_avgpool)     \
    LAYER(flatten)            \
    LAYER(dropout)            \
    LAYER(normalize)          \
    LAYER(batchnorm)          \
    LAYER(groupnorm)          \
    LAYER(layernorm)          \
    LAYER(residual)           \
    LAYER(embedding)          \
    LAYER(mean_pool)          \
    LAYER(max_over_positions) \
    LAYER(first_position)     \
    LAYER(attention_pool)     \
    LAYER(positions)          \
    LAYER(segments)           \
    LAYER(attention)          \
    LAYER(transformer)        \
    LAYER(conv1d)             \
    LAYER(lstm)               \
    LAYER(gru)                \
    LAYER(patches)

namespace sequential {

#define DECLARE(name) LayerKind name();
LAYERS(DECLARE)

const std::vector<LayerKind> &layer_kinds() {
#define KIND(name) name(),
    static const std::vector<LayerKind> kinds{LAYERS(KIND)};
    return kinds;
}

}  // namespace sequential
