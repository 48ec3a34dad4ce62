// Pooling by windows, and of whole images.
#include "layers/pool.hpp"
#include "import/windows.hpp"
#include "operators/operators.hpp"

#include <algorithm>

namespace onnx {
namespace {

/// For each window, how many of its values lie in the image or its padding.
std::vector<std::int64_t> counted(const Placement &place) {
    const Windows &w = place.windows;
    const auto along = [](std::int64_t first, std::int64_t kernel, std::int64_t gap,
                          std::int64_t end) {
        std::int64_t count = 0;
        for (std::int64_t k = 0; k < kernel; ++k) count += first + k * gap < end ? 1 : 0;
        return count;
    };
    std::vector<std::int64_t> counts;
    for (std::int64_t y = 0; y < w.out_height; ++y)
        for (std::int64_t x = 0; x < w.out_width; ++x)
            counts.push_back(
                along(y * w.down - w.top, w.rows, w.row_gap, w.height + place.bottom) *
                along(x * w.right - w.left, w.columns, w.column_gap, w.width + place.right));
    return counts;
}

struct Pooled {
    Activation x;
    Image image;
    Placement place;
};

Pooled read(Call &call) {
    const Activation &x = call.activation(0);
    const Image image = image_of(call, x);
    if (!call.gives("kernel_shape")) call.refuse("has no kernel_shape");
    const Placement place =
        windows_of(call, image, call.integers("kernel_shape"), call.integer("ceil_mode", 0) != 0);
    const Windows &w = place.windows;
    if (w.out_height * w.out_width * (w.rows + w.columns) > most_values)
        call.refuse("has too many windows");
    if (w.top >= (w.rows - 1) * w.row_gap + 1 || w.left >= (w.columns - 1) * w.column_gap + 1 ||
        (w.out_height - 1) * w.down >= w.height + w.top ||
        (w.out_width - 1) * w.right >= w.width + w.left || w.rows * w.columns > (1 << 16))
        call.refuse("a window would lie in the padding alone");
    return {x, image, place};
}

void give(Call &call, const Pooled &p, int value) {
    const Windows &w = p.place.windows;
    call.give(call.importer.activation(
        value, p.image.axes(p.image.channels, w.out_height, w.out_width), p.x.learned));
}

Shape result(const Pooled &p) {
    return {p.image.channels, p.place.windows.out_height, p.place.windows.out_width};
}

void max_pool(Call &call) {
    const Pooled p = read(call);
    if (call.node.outputs.size() > 1 && !call.node.outputs[1].empty())
        call.refuse("its second output, the places of the maxima, is not supported");
    const auto window = p.place.plain();
    if (window && window->kernel <= 11)
        return give(
            call, p,
            sequential::add_max_pool(call.graph(), call.importer.image(p.x, p.image.shape()),
                                     result(p), *window));
    give(call, p,
         add_general_pool(call.graph(), call.importer.plain(p.x, p.image.shape()), p.place.windows,
                          Pooling::max, {}));
}

void average_pool(Call &call) {
    const Pooled p = read(call);
    const Windows &w = p.place.windows;
    const bool padded = w.top > 0 || w.left > 0 || p.place.bottom > 0 || p.place.right > 0;
    const bool all = call.integer("count_include_pad", 0) != 0;
    const auto window = p.place.plain();
    if (window && p.place.inside() && (all || !padded))
        return give(
            call, p,
            sequential::add_average_pool(call.graph(), call.importer.image(p.x, p.image.shape()),
                                         result(p), *window));
    give(call, p,
         add_general_pool(call.graph(), call.importer.plain(p.x, p.image.shape()), w,
                          all ? Pooling::mean_of_window : Pooling::mean_of_image,
                          all ? counted(p.place) : std::vector<std::int64_t>{}));
}

/// All pixels of each channel become one.
void global(Call &call, bool mean) {
    const Activation x = call.activation(0);
    const Image image = image_of(call, x);
    int value = 0;
    if (mean) {
        value = sequential::add_channel_means(call.graph(), call.importer.image(x, image.shape()));
    } else {
        const int lines = call.importer.plain(x, {image.channels, image.height * image.width});
        value = add_reduction(call.graph(), lines, Reduction::max);
    }
    call.give(call.importer.activation(value, image.axes(image.channels, 1, 1), x.learned));
}

}  // namespace

std::vector<Operator> pool_operators() {
    return {{"MaxPool", "images and lines; values alone", max_pool},
            {"AveragePool", "images and lines", average_pool},
            {"GlobalAveragePool", "images and lines", [](Call &c) { global(c, true); }},
            {"GlobalMaxPool", "images and lines", [](Call &c) { global(c, false); }}};
}

}  // namespace onnx
