#include "net.hpp"

#include <spar/error.hpp>
#include <spar/philox.hpp>
#include <spar/tensor.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>

namespace python {

std::string shape_words(const std::vector<std::int64_t> &shape, bool text) {
    std::string words = text ? "text" : "values";
    for (const std::int64_t extent : shape) words += " " + std::to_string(extent);
    return words;
}

Net::Net(Child &child, const std::vector<std::int64_t> &shape, bool text) : child_(child) {
    const Answer answer = child_.ask({.task = Task::setup}, shape_words(shape, text));
    const std::size_t line = answer.text.find('\n');  // the first is what an example is to the net
    std::istringstream extents(answer.text.substr(0, line));
    for (std::int64_t extent = 0; extents >> extent;) reads_.push_back(extent);
    parameters_ = read_parameters(answer.text.substr(line + 1), child_.parameters());
    widths_ = {spar::product(reads_), answer.value, text ? shape[0] : 0};
}

Request Net::request_of(Task task, const Work &work, const Slot &slot) {
    Request request{
        .task = task, .slot = work.tape, .rows = work.rows, .room = slot.room(), .key = work.key};
    // The same key and the same examples, the same random numbers.
    for (std::int64_t i = 0; work.ids != nullptr && i < work.rows; ++i)
        request.key = spar::mix_key(request.key, static_cast<std::uint64_t>(work.ids[i]));
    if (work.training) request.flags |= training;
    if ((work.wants & SPAR_WANT_INPUT_GRADIENT) != 0) request.flags |= at_input;
    if ((work.wants & SPAR_WANT_PARAMETER_GRADIENTS) != 0) request.flags |= at_parameters;
    if (work.keeps) request.flags |= keep_tape;
    if (stale_) request.flags |= stale;
    stale_ = false;
    return request;
}

Slot &Net::forward(const Work &work) {
    Slot &slot = child_.slot(work.tape);
    slot.rows = 0;
    slot.reserve(work.rows, widths_);
    std::copy_n(work.x, work.rows * widths_.inputs, slot.x());
    if (work.mask != nullptr)
        std::copy_n(work.mask, work.rows * widths_.positions, slot.mask());
    else if (widths_.positions > 0)
        std::fill_n(slot.mask(), work.rows * widths_.positions, 1.0F);
    Request request = request_of(Task::forward, work, slot);
    if (work.keeps) request.flags |= at_input | at_parameters;  // asked for later, perhaps
    if ((work.wants & SPAR_WANT_PARAMETER_GRADIENTS) != 0) request.flags |= learns;
    child_.ask(request);
    slot.rows = work.rows;
    require_finite("outputs", slot.outputs(), widths_.outputs, work, slot);
    return slot;
}

void Net::backward(const Work &work, float *dx) {
    const Slot &slot = child_.slot(work.tape);
    child_.ask(request_of(Task::backward, work, slot));
    if ((work.wants & SPAR_WANT_INPUT_GRADIENT) == 0) return;
    require_finite("gradient", slot.dx(), widths_.inputs, work, slot);
    if (dx != nullptr) std::copy_n(slot.dx(), work.rows * widths_.inputs, dx);
}

Slot &Net::recorded(std::int32_t tape) {
    if (tape < 1 || tape >= Child::slot_count || child_.slot(tape).rows == 0)
        throw spar::Error(SPAR_E_CONTRACT, "nothing was recorded on tape " + std::to_string(tape));
    return child_.slot(tape);
}

Slot &Net::text_slot(std::int64_t rows, const std::int64_t *tokens) {
    Slot &slot = child_.slot(0);
    slot.rows = 0;
    slot.reserve(rows, widths_);
    std::copy_n(tokens, rows * widths_.positions, slot.tokens());
    return slot;
}

void Net::embed(std::int64_t rows, const std::int64_t *tokens, float *vectors) {
    const Slot &slot = text_slot(rows, tokens);
    child_.ask(request_of(Task::embed, {.rows = rows}, slot));
    std::copy_n(slot.x(), rows * widths_.inputs, vectors);
}

void Net::accumulate(std::int64_t rows, const std::int64_t *tokens, const float *gradient) {
    const Slot &slot = text_slot(rows, tokens);
    std::copy_n(gradient, rows * widths_.inputs, slot.dx());
    child_.ask(request_of(Task::accumulate, {.rows = rows}, slot));
}

/// Throws with the first row that holds NaN or an infinity. Sums find them at the speed of memory.
void Net::require_finite(const char *what, const float *values, std::int64_t width,
                         const Work &work, const Slot &slot) const {
    const std::int64_t count = work.rows * width;
    std::array<float, 16> sums{};
    std::int64_t i = 0;
    for (; i + std::ssize(sums) <= count; i += std::ssize(sums))
        for (std::size_t k = 0; k < sums.size(); ++k)
            sums[k] += values[i + static_cast<std::int64_t>(k)] * 0.0F;
    for (; i < count; ++i) sums[0] += values[i] * 0.0F;
    if (std::ranges::all_of(sums, [](float sum) { return sum == 0; })) return;
    std::int64_t at = 0;
    while (std::isfinite(values[at])) ++at;
    const std::int64_t row = at / width;
    const float *const x = slot.x() + row * widths_.inputs;
    const bool from_outside =
        !std::all_of(x, x + widths_.inputs, [](float value) { return std::isfinite(value); });
    throw spar::invalid(
        child_.who() + ": " + (std::isnan(values[at]) ? "NaN" : "an infinity") + " in the " + what +
            " of " +
            (work.ids != nullptr ? "example " + std::to_string(work.ids[row])
                                 : "row " + std::to_string(row)) +
            ", value " + std::to_string(at % width) +
            (from_outside ? ", but in its input too: look at the attack and the learning rate"
                          : ". Look there for a division by zero, a logarithm or a root of 0, an "
                            "overflow in 16 bits, or a learning rate that is too large; "
                            "torch.autograd.set_detect_anomaly(True) finds the operation"),
        "/call");
}

Exactness Net::measure(Work work, const Numbers &first, const std::vector<float> &cotangent) {
    work.tape = 0;
    work.keeps = false;
    work.wants = SPAR_WANT_INPUT_GRADIENT;
    const auto run = [&](std::int64_t begin, std::int64_t end, Numbers &into) {
        Work part = work;
        part.rows = end - begin;
        part.x += begin * widths_.inputs;
        if (part.ids != nullptr) part.ids += begin;
        if (part.mask != nullptr) part.mask += begin * widths_.positions;
        const Slot &slot = forward(part);
        const std::int64_t outputs = part.rows * widths_.outputs;
        const std::int64_t inputs = part.rows * widths_.inputs;
        std::copy_n(cotangent.data() + begin * widths_.outputs, outputs, slot.cotangent());
        backward(part, nullptr);
        into.outputs.insert(into.outputs.end(), slot.outputs(), slot.outputs() + outputs);
        into.gradients.insert(into.gradients.end(), slot.dx(), slot.dx() + inputs);
    };
    Numbers again, halves;
    run(0, work.rows, again);
    run(0, work.rows / 2, halves);
    run(work.rows / 2, work.rows, halves);
    return compare(work.rows, first, again, halves);
}

}  // namespace python
