#include "engine/network.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cstddef>
#include <set>

namespace spar::host {

static constexpr const char *to_have_classes =
    "; if the targets name classes, save them as integers from 0";

Network::Network(std::unique_ptr<Instance> model, const Data &data,
                 const std::vector<std::int64_t> &counts)
    : model_(std::move(model)), table_(&model_->table<spar_model_table>()) {
    const spar_dataset_info &info = data.info();
    spar_model_setup setup{};
    setup.struct_size = sizeof setup;
    setup.input = info.input;
    setup.rank = info.rank;
    std::copy(std::begin(info.shape), std::end(info.shape), setup.shape);
    setup.outputs = info.outputs;
    setup.vocabulary = info.vocabulary;
    setup.key = model_->key();
    setup.counts = counts.empty() ? nullptr : counts.data();
    model_->call("setup", [&](spar_error *e) { return table_->setup(model_->self(), &setup, e); });

    outputs_ = model_->ask("outputs", [&] { return table_->outputs(model_->self()); });
    if (outputs_ < info.outputs)
        throw Failure(Exit::pipeline,
                      fmt::format("#{}: the model ends in {} outputs, but the data has {} {}: make "
                                  "the last layer's output {}{}",
                                  model_->pointer(), outputs_, info.outputs,
                                  data.classes() ? "classes" : "target values", info.outputs,
                                  data.classes() ? "" : to_have_classes));
    if (data.classes() && outputs_ < 2)
        throw Failure(Exit::pipeline,
                      fmt::format("#{}: the model ends in one output, so that it knows one class "
                                  "and is never wrong: make the last layer's output 2 or more",
                                  model_->pointer()));
    if (!data.classes() && outputs_ != info.outputs)
        throw Failure(Exit::pipeline,
                      fmt::format("#{}: the model ends in {} outputs, but the data has {} target "
                                  "value{} an example: make the last layer's output {}{}",
                                  model_->pointer(), outputs_, info.outputs,
                                  info.outputs == 1 ? "" : "s", info.outputs, to_have_classes));
    const auto extension = [&](const char *id) -> const void * {
        if (table_->extension == nullptr) return nullptr;
        return model_->ask("extension", [&] { return table_->extension(model_->self(), id); });
    };
    shape_.assign(data.shape().begin(), data.shape().end());
    if (data.tokens()) {
        embedding_ = static_cast<const spar_embedding *>(extension(SPAR_MODEL_EMBEDDING));
        if (embedding_ == nullptr)
            throw Failure(Exit::pipeline,
                          fmt::format("#{}: the data is text, but the model has no embedding: give "
                                      "it one as its first layer",
                                      model_->pointer()));
        shape_.push_back(
            model_->ask("the embedding", [&] { return embedding_->width(model_->self()); }));
    }
    if (const void *table = extension(SPAR_MODEL_ARITHMETIC)) {
        const char *name = model_->ask("instructions", [&] {
            return static_cast<const spar_arithmetic *>(table)->instructions(model_->self());
        });
        if (name != nullptr) instructions_ = name;
    }
    site_table_ = static_cast<const spar_sites *>(extension(SPAR_MODEL_SITES));
    widest_shape_ = shape_;
    size_ = product(shape_);
    takes_lengths_ = embedding_ != nullptr && (traits() & SPAR_MODEL_LENGTHS) != 0;
    has_own_weights_ = (traits() & SPAR_MODEL_OWN_WEIGHTS) != 0;
    read_parameters();
    read_sites();
}

spar_model_traits Network::traits() const {
    constexpr std::size_t needed = offsetof(spar_model_table, traits) + sizeof table_->traits;
    if (table_->struct_size < needed || table_->traits == nullptr) return 0;
    return model_->ask("traits", [&] { return table_->traits(model_->self()); });
}

void Network::read_parameters() {
    std::set<std::string> names;
    const std::int64_t count =
        model_->ask("parameter_count", [&] { return table_->parameter_count(model_->self()); });
    for (std::int64_t i = 0; i < count; ++i) {
        spar_parameter p{};
        p.struct_size = sizeof p;
        model_->call("parameter",
                     [&](spar_error *e) { return table_->parameter(model_->self(), i, &p, e); });
        const bool trainable = (p.flags & SPAR_PARAMETER_TRAINABLE) != 0;
        if (p.name == nullptr || p.value == nullptr || p.rank < 0 || p.rank > SPAR_MAX_RANK ||
            std::any_of(p.shape, p.shape + std::clamp(p.rank, 0, SPAR_MAX_RANK),
                        [](std::int64_t extent) { return extent < 1; }) ||
            (trainable && p.gradient == nullptr) || !names.insert(p.name).second)
            throw Failure(Exit::plugin,
                          fmt::format("#{}: parameter {} of the model has no name of its own, no "
                                      "value, no shape, or no gradient although it is trained",
                                      model_->pointer(), i));
        const std::vector<std::int64_t> shape(p.shape, p.shape + p.rank);
        const auto size = static_cast<std::size_t>(product(shape));
        parameters_.push_back({.name = p.name,
                               .trainable = trainable,
                               .of_stage = (p.flags & SPAR_PARAMETER_STAGE) != 0,
                               .shape = shape,
                               .value = {p.value, size},
                               .gradient = {p.gradient, trainable ? size : 0}});
    }
}

void Network::pass(const Points &points, spar_pass pass) {
    std::array<std::int64_t, SPAR_MAX_RANK + 2> extents{points.count};
    std::copy(shape_.begin(), shape_.end(), extents.begin() + 1);
    const std::span<const std::int64_t> full(extents.data(), shape_.size() + 1);
    View x(points.x, View::float32, full);
    View mask(points.mask, View::float32, full.first(2));
    pass.struct_size = sizeof pass;
    pass.space = space();
    pass.ids = points.ids;
    pass.x = x.view();
    pass.mask = points.mask != nullptr ? mask.view() : nullptr;
    if (!coarse_attacks) pass.wants &= ~SPAR_WANT_COARSE;
    const bool embeds = pass.head != nullptr && embedding_wanted(points, pass.wants, pass.dx);
    model_->call("pass", [&](spar_error *e) { return call_pass(pass, points.sites, e); });
    check_ends(*model_, "pass", {{"outputs", pass.outputs}, {"dx", pass.dx}});
    forward_examples += points.count;
    const bool at_sites = std::ranges::any_of(
        points.sites, [](const spar_site_use &use) { return use.gradient != nullptr; });
    if (pass.head != nullptr && (pass.wants != 0 || at_sites)) backward_examples += points.count;
    if (embeds) accumulate_embedding(points, pass.dx);
}

bool Network::embedding_wanted(const Points &points, spar_wants &wants, float *&dx) {
    if (embedding_ == nullptr || (wants & SPAR_WANT_PARAMETER_GRADIENTS) == 0) return false;
    wants |= SPAR_WANT_INPUT_GRADIENT;
    if (dx != nullptr) return true;
    embedding_gradient_.resize(points.count, size_);
    dx = embedding_gradient_.data();
    return true;
}

void Network::accumulate_embedding(const Points &points, const float *dx) {
    const std::int64_t full[] = {points.count, shape_[0]};
    View tokens(points.tokens, View::int64, full);
    View mask(points.mask, View::float32, full);
    model_->call("the embedding", [&](spar_error *e) {
        return embedding_->accumulate(model_->self(), tokens.view(), mask.view(), dx, e);
    });
}

void Network::backward(const Points &points, std::int32_t tape, const float *cotangent,
                       spar_wants wants, float *dx) {
    const bool embeds = embedding_wanted(points, wants, dx);
    model_->call("backward", [&](spar_error *e) {
        if (points.sites.empty() && cotangent != nullptr)
            return table_->backward(model_->self(), tape, cotangent, wants, dx, e);
        require_sites();
        return site_table_->backward(model_->self(), tape, cotangent, points.sites.data(),
                                     std::ssize(points.sites), wants, dx, e);
    });
    check_ends(*model_, "backward", {{"dx", dx}});
    backward_examples += points.count;
    if (embeds) accumulate_embedding(points, dx);
}

void Network::set_length(std::int64_t length) {
    shape_[0] = length;
    size_ = product(shape_);
}

void Network::vectors(std::span<const std::int64_t> tokens, std::int64_t padding, float *vectors) {
    constexpr std::size_t rows_at_once = 64;
    const std::int64_t before = shape_[0];
    const auto length = static_cast<std::size_t>(widest_shape_[0]);
    const auto width = static_cast<std::size_t>(widest_shape_[1]);
    Batch batch;
    FencedMatrix found;
    while (!tokens.empty()) {  // rows as long as they come, so that every model takes them
        const std::size_t some = std::min(tokens.size(), rows_at_once * length);
        const std::size_t rows = (some + length - 1) / length;
        batch.count = static_cast<std::int64_t>(rows);
        batch.length = widest_shape_[0];
        batch.tokens.resize(rows * length);
        batch.mask.resize(rows * length);
        std::fill(batch.tokens.begin(), batch.tokens.end(), padding);
        std::fill(batch.mask.begin(), batch.mask.end(), 0.0F);
        std::copy_n(tokens.begin(), some, batch.tokens.begin());
        std::fill_n(batch.mask.begin(), some, 1.0F);
        embed(batch, found);
        vectors = std::copy_n(found.data(), some * width, vectors);
        tokens = tokens.subspan(some);
    }
    set_length(before);
}

void Network::embed(const Batch &batch, FencedMatrix &vectors) {
    set_length(batch.length);
    const std::int64_t full[] = {batch.count, batch.length};
    View tokens(batch.tokens.data(), View::int64, full);
    View mask(batch.mask.data(), View::float32, full);
    vectors.resize(batch.count, size_);
    model_->call("the embedding", [&](spar_error *e) {
        return embedding_->embed(model_->self(), tokens.view(), mask.view(), vectors.data(), e);
    });
    check_ends(*model_, "the embedding", {{"vectors", vectors.data()}});
}

void Network::zero_gradients() {
    for (const NetworkParameter &p : parameters_)
        std::fill(p.gradient.begin(), p.gradient.end(), 0.0F);
}

void Network::parameters_changed() {
    model_->ask("parameters_changed", [&] {
        table_->parameters_changed(model_->self());
        return true;
    });
}

}  // namespace spar::host
