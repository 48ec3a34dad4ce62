#include "import/book.hpp"

#include <algorithm>

namespace onnx {

using sequential::Parameter;

void Book::declare_again(const std::string &name, const std::string &of) {
    declared_[name] = declared_.at(of);
}

Parameter &Book::show(const std::string &name, bool trainable) {
    if (const auto found = by_name_.find(name); found != by_name_.end()) {
        ties_ = true;
        return *found->second;
    }
    const Tensor &tensor = *declared_.at(name);
    Parameter &parameter = shown_.add(name, tensor.dims, trainable);
    std::ranges::copy(tensor.floats, parameter.value.begin());
    by_name_[name] = &parameter;
    return parameter;
}

Parameter &Book::hidden(const Shape &shape, float value) {
    Parameter &parameter = hidden_.add(std::to_string(hidden_.size()), shape);
    std::ranges::fill(parameter.value, value);
    return parameter;
}

Parameter &Book::parameter(const Constant &constant, const Shape &shape, bool trained) {
    if (constant.integer || std::ssize(constant.floats) != sequential::volume(shape))
        throw spar::invalid("a constant of the shape " + spar::shape_text(constant.dims) +
                            " is used as one of the shape " + spar::shape_text(shape));
    const Origin *origin = trained ? constant.origin.get() : nullptr;
    const bool first = origin != nullptr && !by_name_.contains(origin->initialiser);
    Parameter *shown = origin != nullptr ? &show(origin->initialiser, true) : nullptr;
    if (first && origin->elements.empty() && shown->shape == shape) return *shown;
    Parameter &copy = hidden(shape, 0);
    std::ranges::copy(constant.floats, copy.value.begin());
    if (shown != nullptr && shown->trainable) copies_.push_back({shown, &copy, origin->elements});
    return copy;
}

Parameter &Book::buffer(const Constant &constant) {
    const Origin *origin = constant.origin.get();
    if (constant.integer) throw spar::invalid("integers are used as statistics");
    if (origin != nullptr && origin->elements.empty() && !by_name_.contains(origin->initialiser))
        return show(origin->initialiser, false);
    Parameter &copy = hidden(constant.dims, 0);
    std::ranges::copy(constant.floats, copy.value.begin());
    return copy;
}

void Book::spread() {
    for (const Copy &c : copies_) {
        if (c.elements.empty()) {
            std::ranges::copy(c.shown->value, c.copy->value.begin());
            continue;
        }
        for (std::size_t i = 0; i < c.elements.size(); ++i)
            c.copy->value[i] = c.shown->value[static_cast<std::size_t>(c.elements[i])];
    }
}

void Book::collect() {
    for (const Copy &c : copies_) {
        auto &from = c.copy->gradient;
        for (std::size_t i = 0; i < from.size(); ++i)
            c.shown->gradient[c.elements.empty() ? i : static_cast<std::size_t>(c.elements[i])] +=
                from[i];
        std::ranges::fill(from, 0.0F);
    }
}

}  // namespace onnx
