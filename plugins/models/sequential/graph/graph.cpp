#include "graph/graph.hpp"

#include "kernels/kernels.hpp"

#include <algorithm>

namespace sequential {

std::int64_t Value::stride() const {
    if (!blocked()) return size();
    return round_up(image[0], kernels().block) * image[1] * image[2];
}

std::int64_t Value::position(std::int64_t index) const {
    if (!blocked()) return index;
    const std::int64_t plane = image[1] * image[2], block = kernels().block;
    const std::int64_t channel = index / plane;
    return (channel / block * plane + index % plane) * block + channel % block;
}

Frame::Frame(const Graph &graph)
    : block_(graph.frame_bytes()), strides_(graph.value_strides().data()) {
    for (const Value &value : graph.values()) {
        const Value &owner = graph.value(value.storage);
        values_.push_back(reinterpret_cast<float *>(block_.data() + owner.offset));
    }
}

ParameterGradients::ParameterGradients(const Graph &graph) {
    Layout layout;
    std::vector<std::size_t> offsets;
    for (const std::int64_t floats : graph.slots())
        offsets.push_back(layout.take(static_cast<std::size_t>(floats) * sizeof(float)));
    block_ = Block(layout.size());
    for (const std::size_t offset : offsets)
        slots_.push_back(reinterpret_cast<float *>(block_.data() + offset));
    for (const std::size_t end : graph.slot_ends())
        ends_.push_back(end < offsets.size() ? offsets[end] : layout.size());
}

std::int64_t ParameterGradients::begin_of(std::size_t operation) const {
    return operation == 0 ? 0 : static_cast<std::int64_t>(ends_[operation - 1] / sizeof(float));
}

void ParameterGradients::add(const ParameterGradients &other, std::size_t first,
                             std::size_t last) const {
    const std::int64_t begin = begin_of(first);
    kernels().add(other.data() + begin, data() + begin, begin_of(last) - begin);
}

Workspace::Workspace(const Graph &graph)
    : block_(graph.workspace_bytes()),
      scratch_(graph.scratch_bytes()),
      strides_(graph.gradient_strides().data()) {
    for (const Value &value : graph.values()) {
        const Value &owner = graph.value(value.gradient);
        gradients_.push_back(reinterpret_cast<float *>(block_.data() + owner.gradient_offset));
    }
}

Graph::Graph(std::int64_t micro_batch, const Shape &input) : width(micro_batch) {
    add_value(input);
}

int Graph::add_value(Shape shape, Shape image) {
    volume(shape);
    values_.push_back({.shape = std::move(shape), .image = std::move(image)});
    return static_cast<int>(values_.size()) - 1;
}

int Graph::add_view(int of, Shape shape) {
    values_.push_back({.shape = std::move(shape),
                       .image = value(of).image,
                       .shares_value = of,
                       .shares_gradient = of,
                       .rectified = value(of).rectified});
    return static_cast<int>(values_.size()) - 1;
}

int Graph::add_over(int of) {
    const Value value = this->value(of);
    const Operation *made_by = maker(of);
    const bool free = made_by != nullptr && !made_by->reads_output();
    const int result = free ? add_view(of, value.shape) : add_value(value.shape, value.image);
    this->value(result).shares_gradient = of;
    return result;
}

void Graph::reserve_scratch(std::size_t bytes) {
    scratch_bytes_ = std::max(scratch_bytes_, bytes);
}

int Graph::add_gradient_slot(std::int64_t floats) {
    slots_.push_back(floats);
    return static_cast<int>(slots_.size()) - 1;
}

void Graph::reserve_sums(Coupled &operation, std::size_t count) {
    operation.count = count;
    operation.partial = reserve(count * sizeof(double));
    operation.first = sums_;
    sums_ += count;
}

int Graph::add_site(std::string name, spar_site_kind kind) {
    sites.push_back({.name = std::move(name), .kind = kind});
    return static_cast<int>(sites.size()) - 1;
}

void Graph::add(std::unique_ptr<Operation> operation) {
    for (Site &site : sites)
        if (site.owner == nullptr) {
            site.owner = operation.get();
            site.room = spar::product(operation->site_shape());
        }
    operations.push_back(std::move(operation));
    slot_ends_.push_back(slots_.size());
}

const Operation *Graph::maker(int id) const {
    for (const auto &operation : operations)
        if (std::ranges::count(operation->outputs, id) > 0) return operation.get();
    return nullptr;
}

void Graph::finish(int last) {
    output = last;
    stage_size = value(stage_end).stride();
    split_shared_values();
    resolve_sharing();
    plan_values();
    plan_runs();
    plan_gradients();
    set_strides();
    if (value(0).shape.size() != 2) return;
    const std::int64_t length = value(0).shape[0];
    takes_lengths_ = resize(1);
    resize(length);
    set_strides();
}

int Graph::owner(int id, int Value::*shares) const {
    while (value(id).*shares >= 0) id = value(id).*shares;
    return id;
}

void Graph::resolve_sharing() {
    for (int id = 0; id < static_cast<int>(values_.size()); ++id) {
        value(id).storage = owner(id, &Value::shares_value);
        value(id).gradient = owner(id, &Value::shares_gradient);
    }
}

void Graph::plan_values() {
    for (int id = 0; id < static_cast<int>(values_.size()); ++id)
        if (value(id).storage == id)
            value(id).offset =
                reserve(static_cast<std::size_t>(width * value(id).stride()) * sizeof(float));
}

void Graph::plan_runs() {
    for (std::size_t i = 0; i < operations.size(); ++i) {
        const bool by_example = operations[i]->by_example();
        const bool learns = operations[i]->learns_by_example();
        const auto goes_on = [&](const Run &run) {
            return by_example && run.by_example && i != stage_operations &&
                   (run.learns_by_example == learns || !operations[i]->has_parameters());
        };
        if (!runs.empty() && goes_on(runs.back()))
            runs.back().end = i + 1;
        else
            runs.push_back({i, i + 1, by_example, learns});
    }
    for (Value &value : values_) {
        value.gradient_reused = stays_inside(&Value::gradient, value.gradient);
        value.value_reused = stays_inside(&Value::storage, value.storage) && unread(value.storage);
    }
}

// Produced and consumed within one run only: a value that enters a fork may be used later. Never
// the input or output, which are accessed from outside.
bool Graph::stays_inside(int Value::*place, int owner) const {
    const auto has = [&](const std::vector<int> &ids) {
        return std::any_of(ids.begin(), ids.end(),
                           [&](int id) { return value(id).*place == owner; });
    };
    int in_runs = 0;
    bool made = false, used = false, by_example = false;
    for (const Run &run : runs) {
        bool here = false;
        for (std::size_t i = run.begin; i < run.end; ++i) {
            const bool makes = has(operations[i]->outputs), uses = has(operations[i]->inputs);
            here = here || makes || uses;
            made = made || makes;
            used = used || uses;
        }
        if (here) by_example = run.by_example;
        in_runs += here ? 1 : 0;
    }
    const bool at_an_end = owner == value(0).*place || owner == value(output).*place;
    return in_runs == 1 && made && used && by_example && !at_an_end;
}

bool Graph::unread(int storage) const {
    const auto touches = [&](const std::vector<int> &ids) {
        return std::any_of(ids.begin(), ids.end(),
                           [&](int id) { return value(id).storage == storage; });
    };
    return std::none_of(operations.begin(), operations.end(), [&](const auto &operation) {
        return (touches(operation->inputs) || touches(operation->outputs)) &&
               !operation->backward_without_values();
    });
}

// A gradient lives from the backward pass of the value's user to that of its producer, including
// the whole of their runs. Two that live at the same time get different memory; otherwise recently
// used memory is reused, because it is in the cache.
void Graph::plan_gradients() {
    struct Life {
        int id;
        std::size_t size, born = 0, dead = 0, offset = 0;
    };
    const std::size_t count = runs.size();
    std::vector<Life> lives;
    for (std::size_t i = 0; i < values_.size(); ++i) {
        if (values_[i].gradient != static_cast<int>(i)) continue;
        Life life{static_cast<int>(i),
                  static_cast<std::size_t>((width * values_[i].stride() * 4 + 63) / 64 * 64),
                  count + 1, 0, 0};
        for (std::size_t step = 0; step < count; ++step) {
            const Run &run = runs[count - 1 - step];
            const auto touches = [&](const std::unique_ptr<Operation> &operation) {
                const auto is_it = [&](int id) { return value(id).gradient == life.id; };
                const auto &in = operation->inputs, &out = operation->outputs;
                return std::any_of(in.begin(), in.end(), is_it) ||
                       std::any_of(out.begin(), out.end(), is_it);
            };
            const auto first = operations.begin() + static_cast<std::ptrdiff_t>(run.begin);
            const auto last = operations.begin() + static_cast<std::ptrdiff_t>(run.end);
            if (std::none_of(first, last, touches)) continue;
            life.born = std::min(life.born, step);
            life.dead = std::max(life.dead, step);
        }
        if (value(output).gradient == life.id) life.born = 0;
        if (life.id == 0) life.dead = count;
        lives.push_back(life);
    }
    std::sort(lives.begin(), lives.end(),
              [](const Life &a, const Life &b) { return a.born < b.born; });
    for (std::size_t i = 0; i < lives.size(); ++i) {
        bool moved = true;
        while (moved) {
            moved = false;
            for (std::size_t j = 0; j < i; ++j) {
                const bool apart = lives[j].dead < lives[i].born || lives[i].dead < lives[j].born;
                const bool beside = lives[j].offset + lives[j].size <= lives[i].offset ||
                                    lives[i].offset + lives[i].size <= lives[j].offset;
                if (apart || beside) continue;
                lives[i].offset = lives[j].offset + lives[j].size;
                moved = true;
            }
        }
        value(lives[i].id).gradient_offset = lives[i].offset;
        workspace_bytes_ = std::max(workspace_bytes_, lives[i].offset + lives[i].size);
    }
}

}  // namespace sequential
