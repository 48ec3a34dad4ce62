// What layers that pool over windows of an image share.
#pragma once

#include "kernels/kernels.hpp"
#include "layers/builder.hpp"
#include "layers/window.hpp"

namespace sequential {

/// The kernels' description, for blocked values without a preceding rectifier.
Pool pool_over(const Graph &graph, int input, int result, const Window &window);

/// Over windows of an image. `shape` is that of the result, whose last windows may end outside it.
int add_max_pool(Graph &graph, int input, const Shape &shape, const Window &window);
/// Padding counts as zeros.
int add_average_pool(Graph &graph, int input, const Shape &shape, const Window &window);
/// The mean of each channel of an image: [channels, 1, 1].
int add_channel_means(Graph &graph, int input);

class WindowedPool : public Layer {
  public:
    /// Refuses inputs that are not images, and padding beyond half a window.
    int build(Builder &builder, int input) const override;
    bool pools() const override { return true; }

  protected:
    using Layer::Layer;

    virtual int add(Graph &graph, int input, const Shape &shape, const Window &window) const = 0;

  private:
    spar::Integer kernel_{this, "kernel", "side of the square window", {.min = 1, .max = 11}};
    spar::Integer stride_{this,
                          "stride",
                          "from one window to the next; without it the kernel",
                          {.min = 1, .max = 255, .optional = true}};
    spar::Integer padding_{this,
                           "padding",
                           "around the image, at most half the kernel",
                           {.fallback = 0, .min = 0, .max = 5}};
};

}  // namespace sequential
