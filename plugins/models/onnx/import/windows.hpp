// The windows of a convolution or pool, as its attributes describe them.
#pragma once

#include "import/call.hpp"
#include "layers/window.hpp"
#include "operations/operations.hpp"

namespace onnx {

/// An image [channels, height, width]; rows of values are images of one line.
struct Image {
    std::int64_t channels, height, width;
    bool line = false;

    Shape shape() const { return {channels, height, width}; }
    /// [batch, channels, ...]
    std::vector<Axis> axes(std::int64_t channels, std::int64_t height, std::int64_t width) const;
};

/// Refuses what has not [batch, channels] and one or two axes more.
Image image_of(const Call &call, const Activation &activation);

struct Placement {
    Windows windows;
    std::int64_t bottom, right;  /// padding after the image

    /// As the engine's fast operations want them, if these windows are of that kind: square,
    /// without gaps, with equal steps, and equal padding to the top and left.
    std::optional<sequential::Window> plain() const;
    /// Whether no window reaches beyond image and padding.
    bool inside() const;
};

/// `kernel`: rows and columns; `ceil_mode`: windows that only begin inside count too.
Placement windows_of(const Call &call, const Image &image, const std::vector<std::int64_t> &kernel,
                     bool ceil_mode);

}  // namespace onnx
