#include "import/windows.hpp"

#include <algorithm>
#include <array>

namespace onnx {
namespace {

constexpr std::int64_t absurd = std::int64_t{1} << 20;

/// One number for rows and one for columns, of lists that have both, or one for a line.
std::array<std::int64_t, 2> pair(const Call &call, const char *name,
                                 const std::vector<std::int64_t> &list, bool line,
                                 std::int64_t otherwise, std::int64_t least) {
    std::array<std::int64_t, 2> values{otherwise, otherwise};
    if (list.empty()) return values;
    if (list.size() != (line ? 1U : 2U))
        call.refuse(std::string("its ") + name + " has " + std::to_string(list.size()) +
                    " numbers, expected " + (line ? "1" : "2"));
    values[1] = list.back();
    if (!line) values[0] = list.front();
    for (const std::int64_t value : list)
        if (value < least || value > absurd)
            call.refuse(std::string("its ") + name + " has the number " + std::to_string(value));
    return values;
}

/// Along one side.
struct Side {
    std::int64_t size, kernel, step, gap, before, after, count;
    std::int64_t extent() const { return (kernel - 1) * gap + 1; }
};

void place(const Call &call, Side &side, const std::string &automatic, bool ceil_mode) {
    const std::int64_t extent = side.extent();
    if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
        side.count = (side.size + side.step - 1) / side.step;
        const std::int64_t all =
            std::max<std::int64_t>((side.count - 1) * side.step + extent - side.size, 0);
        side.before = automatic == "SAME_UPPER" ? all / 2 : all - all / 2;
        side.after = all - side.before;
        return;
    }
    const std::int64_t room = side.size + side.before + side.after - extent;
    if (room < 0)
        call.refuse("a window of " + std::to_string(extent) + " does not fit into " +
                    std::to_string(side.size) + " values with padding " +
                    std::to_string(side.before) + " and " + std::to_string(side.after));
    side.count = (ceil_mode ? room + side.step - 1 : room) / side.step + 1;
    // A last window that begins in the padding after the image is left out.
    if (ceil_mode && (side.count - 1) * side.step >= side.size + side.before) --side.count;
}

}  // namespace

std::vector<Axis> Image::axes(std::int64_t out, std::int64_t rows, std::int64_t columns) const {
    std::vector<Axis> axes{{1, true, 1}, {out, false, 1}};
    if (!line) axes.push_back({rows, false, 1});
    axes.push_back({columns, false, 1});
    return axes;
}

Image image_of(const Call &call, const Activation &activation) {
    const auto &axes = activation.axes;
    if ((axes.size() != 3 && axes.size() != 4) || !axes[0].batch || axes[0].size != 1)
        call.refuse(
            "takes images [batch, channels, height, width] or lines [batch, channels, "
            "length], got " +
            dims_text(activation));
    if (axes.size() == 3) return {axes[1].size, 1, axes[2].size, true};
    return {axes[1].size, axes[2].size, axes[3].size, false};
}

Placement windows_of(const Call &call, const Image &image, const std::vector<std::int64_t> &kernel,
                     bool ceil_mode) {
    const bool line = image.line;
    const auto size = pair(call, "kernel_shape", kernel, line, 1, 1);
    const auto step = pair(call, "strides", call.integers("strides"), line, 1, 1);
    const auto gap = pair(call, "dilations", call.integers("dilations"), line, 1, 1);
    const std::vector<std::int64_t> pads = call.integers("pads");
    const std::size_t half = pads.size() / 2;
    const auto before = pair(
        call, "pads", {pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(half)}, line, 0, 0);
    const auto after = pair(
        call, "pads", {pads.begin() + static_cast<std::ptrdiff_t>(half), pads.end()}, line, 0, 0);
    const std::string automatic = call.text("auto_pad", "NOTSET");
    Side rows{image.height, size[0], step[0], gap[0], before[0], after[0], 0};
    Side columns{image.width, size[1], step[1], gap[1], before[1], after[1], 0};
    if (line) rows = {1, 1, 1, 1, 0, 0, 0};
    if (automatic == "VALID")
        for (Side *side : {&rows, &columns}) side->before = side->after = 0;
    else if (automatic != "NOTSET" && !automatic.starts_with("SAME_"))
        call.refuse("its auto_pad \"" + automatic + "\" is not known");
    for (Side *side : {&rows, &columns}) place(call, *side, automatic, ceil_mode);
    if (columns.count < 1 || rows.count > most_values / 8 / columns.count ||
        rows.kernel * columns.kernel > most_values / 8)
        call.refuse("has an absurd number of windows");
    return {{image.height, image.width, rows.kernel, columns.kernel, rows.step, columns.step,
             rows.gap, columns.gap, rows.before, columns.before, rows.count, columns.count},
            rows.after,
            columns.after};
}

std::optional<sequential::Window> Placement::plain() const {
    const Windows &w = windows;
    if (w.rows != w.columns || w.down != w.right || w.row_gap != 1 || w.column_gap != 1 ||
        w.top != w.left || w.rows > 255 || w.down > 255 || w.top > 254)
        return std::nullopt;
    return sequential::Window{w.rows, w.down, w.top};
}

bool Placement::inside() const {
    const Windows &w = windows;
    return (w.out_height - 1) * w.down + (w.rows - 1) * w.row_gap + 1 <=
               w.height + w.top + bottom &&
           (w.out_width - 1) * w.right + (w.columns - 1) * w.column_gap + 1 <=
               w.width + w.left + right;
}

}  // namespace onnx
