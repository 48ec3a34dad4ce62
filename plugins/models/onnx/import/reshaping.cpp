#include "import/reshaping.hpp"

#include <algorithm>

namespace onnx {
namespace {

std::string text_of(const std::vector<Number> &sizes) {
    std::string text;
    for (const Number &size : sizes) {
        text += text.empty() ? "" : ", ";
        if (size.batch == 0) text += std::to_string(size.fixed);
        if (size.batch > 1) text += std::to_string(size.batch) + " * ";
        if (size.batch != 0) text += "batch";
    }
    return "[" + text + "]";
}

/// One example's sizes; -1 is replaced so that there are `count` values. Empty: impossible.
Shape local_sizes(const std::vector<Number> &sizes, std::int64_t count) {
    Shape local;
    std::int64_t known = 1;
    std::size_t open = sizes.size();
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        const std::int64_t size = sizes[i].batch != 0 ? sizes[i].batch : sizes[i].fixed;
        const bool mixed = sizes[i].batch != 0 && sizes[i].fixed != 0;
        if (mixed || size < -1 || size > sequential::largest_volume || (size == -1 && open < i))
            return {};
        if (size == -1)
            open = i;
        else if ((known *= size) > sequential::largest_volume)
            return {};
        local.push_back(size);
    }
    if (open < sizes.size()) {
        if (known == 0 || count % known != 0) return {};
        local[open] = count / known;
    } else if (known != count) {
        return {};
    }
    return local;
}

}  // namespace

Shape reshaped(const Call &call, const Constant &constant, const std::vector<Number> &sizes) {
    if (std::ranges::any_of(sizes, [](const Number &n) { return n.batch != 0; }))
        call.refuse("gives a constant the shape " + text_of(sizes));
    if (sizes.empty() && constant.size() == 1) return {};
    const Shape dims = local_sizes(sizes, constant.size());
    if (dims.empty())
        call.refuse("gives " + spar::shape_text(constant.dims) + " the shape " + text_of(sizes));
    return dims;
}

std::vector<Axis> reshaped(const Call &call, const Activation &activation,
                           const std::vector<Number> &sizes) {
    const auto fault = [&](const std::string &why) {
        call.refuse("gives " + dims_text(activation) + " the shape " + text_of(sizes) + ", " + why,
                    "export with a symbolic batch as the first axis, and let no axis mix examples");
    };
    const Shape local = local_sizes(sizes, activation.size());
    if (local.empty()) fault("which has another number of values");
    const std::size_t place = activation.batch_axis();
    std::int64_t before = activation.axes[place].before;  // values before the batch in their order
    for (std::size_t i = 0; i < place; ++i) before *= activation.axes[i].size;

    // An axis can hold the batch if the values before it end inside that axis, or at its edge.
    const auto holds = [&](std::size_t i) {
        std::int64_t product = 1;
        for (std::size_t k = 0; k < i; ++k) product *= local[k];
        if (product == 0 || before % product != 0) return std::int64_t{0};
        const std::int64_t inside = before / product;
        return local[i] % inside == 0 ? inside : 0;
    };
    const auto chosen = [&]() -> std::size_t {
        const auto named =
            std::ranges::find_if(sizes, [](const Number &n) { return n.batch != 0; });
        if (named != sizes.end()) return static_cast<std::size_t>(named - sizes.begin());
        const auto open = std::ranges::find(sizes, Number{-1, 0});
        if (!call.importer.fixed_batch()) return static_cast<std::size_t>(open - sizes.begin());
        for (std::size_t i = 0; i < local.size(); ++i)
            if (local[i] == 1 && holds(i) == 1) return i;
        for (std::size_t i = 0; i < local.size(); ++i)
            if (holds(i) > 0) return i;
        return local.size();
    };
    const std::size_t at = chosen();
    if (at >= local.size()) fault("which has no place for the batch");
    if (holds(at) == 0) fault("where examples would get into each other's place");
    std::vector<Axis> axes;
    for (std::size_t i = 0; i < local.size(); ++i)
        axes.push_back(i == at ? Axis{local[i], true, holds(at)} : Axis{local[i], false, 1});
    return axes;
}

}  // namespace onnx
