// Batches of text that are cut to their longest text: the bits are those of the full length.
#include "text_fixture.hpp"

#include <doctest/doctest.h>

#include <cstring>

using namespace fixture;

namespace {

constexpr std::int64_t room = 41;

/// `count` texts of 1 to `longest` tokens, at a length.
struct Cut {
    Cut(std::int64_t count, std::int64_t longest, std::int64_t length)
        : count(count), length(length) {
        spar::Random random(5, 0);
        for (std::int64_t text = 0; text < count; ++text) {
            const std::int64_t tokens_of = text == 1 ? longest : 1 + random.below(text, longest);
            for (std::int64_t i = 0; i < length; ++i) {
                mask.push_back(i < tokens_of ? 1.0F : 0.0F);
                for (std::int64_t c = 0; c < dim; ++c)
                    x.push_back(mask.back() * spar::Random(6, text).normal(i * dim + c));
            }
        }
    }
    std::int64_t count, length;
    std::vector<float> x, mask;
};

struct Bits {
    std::vector<float> outputs, dx, gradients;
};

Bits run(Net &net, const Cut &batch, bool taped = false) {
    Bits result;
    result.outputs.resize(static_cast<std::size_t>(batch.count * net.outputs));
    result.dx.resize(batch.x.size());
    const auto names = ids(batch.count);
    HeadContext context{net.outputs, names.data()};
    net.zero_gradients();
    net.graph->set_length(batch.length);
    Pass pass{.rows = batch.count,
              .x = batch.x.data(),
              .mask = batch.mask.data(),
              .ids = names.data(),
              .key = 3,
              .training = true,
              .outputs = result.outputs.data()};
    if (taped) {
        pass.tape = 1;
        net.executor.pass(pass);
        std::vector<float> g(result.outputs.size());
        for (std::size_t i = 0; i < g.size(); ++i)
            g[i] = cotangent(names[i / std::size_t(net.outputs)],
                             static_cast<std::int64_t>(i) % net.outputs, result.outputs[i]);
        run(net, Cut(3, room, room));  // at another length, in the workers' own memory
        net.zero_gradients();
        net.executor.backward(1, g.data(), {.input = true, .parameters = true}, result.dx.data());
    } else {
        pass.head = head;
        pass.head_context = &context;
        pass.wants = {.input = true, .parameters = true};
        pass.dx = result.dx.data();
        net.executor.pass(pass);
    }
    result.gradients = net.gradients();
    return result;
}

bool same(const std::vector<float> &a, const std::vector<float> &b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// The positions [0, length) of every row.
std::vector<float> front(const std::vector<float> &rows, std::int64_t from, std::int64_t length) {
    std::vector<float> cut;
    for (auto at = rows.begin(); at != rows.end(); at += from * dim)
        cut.insert(cut.end(), at, at + length * dim);
    return cut;
}

Json transformer(const std::string &positions) {
    return {{"type", "transformer"}, {"name", "encoder"},    {"heads", 2},
            {"hidden", 24},          {"activation", "gelu"}, {"norm_first", true},
            {"positions", positions}};
}

const std::vector<LayerList> models = {
    classifier({layer("mean_pool")}),
    classifier({layer("segments"), layer("max_over_positions")}),
    classifier({layer("positions"), dropout(0.4), transformer("none"), layer("mean_pool")}),
    classifier({transformer("alibi"), layer("first_position")}),
    classifier({transformer("relative"), layer("attention_pool")}),
    classifier({with(transformer("none"), "attention_dropout", 0.3), layer("mean_pool")}),
    classifier({with(with(named(transformer("relative"), "heads"), "queries", 5),
                     "attention_dropout", 0.3),
                layer("flatten")}),
    classifier({transformer("none"),
                with(with(named(transformer("none"), "heads"), "queries", 2), "norm_first", false),
                layer("mean_pool")}),
    classifier({with(transformer("rotary"), "causal", true), layer("max_over_positions")}),
    classifier({with(with(named(layer("attention"), "a"), "score", "additive"), "window", 3),
                layer("layernorm"), layer("relu"), layer("mean_pool")}),
    classifier({residual({named(linear(dim), "in"), layer("gelu"), named(linear(dim), "back")}),
                layer("mean_pool")}),
    classifier({{{"type", "conv1d"}, {"name", "windows"}, {"out", 4}, {"kernel", 7}},
                layer("relu"),
                {{"type", "conv1d"},
                 {"name", "next"},
                 {"out", 5},
                 {"kernel", 4},
                 {"stride", 2},
                 {"padding", 1}},
                {{"type", "gru"}, {"name", "gru"}, {"hidden", 3}, {"bidirectional", true}},
                layer("max_over_positions")}),
    classifier({{{"type", "lstm"},
                 {"name", "lstm"},
                 {"hidden", 5},
                 {"layers", 2},
                 {"bidirectional", true},
                 {"output", "last"}}}),
};

}  // namespace

TEST_CASE("a batch cut to its longest text has the bits of the full length") {
    for (const auto &layers : models) {
        CAPTURE(layers[1].dump());
        Net net(layers, {room, dim});
        REQUIRE(net.graph->takes_lengths());
        for (const std::int64_t longest : {room, 33L, 32L, 17L, 5L, 1L}) {
            CAPTURE(longest);
            const Bits full = run(net, Cut(21, longest, room));
            for (const bool taped : {false, true}) {
                const Bits cut = run(net, Cut(21, longest, longest), taped);
                CHECK(same(cut.outputs, full.outputs));
                CHECK(same(cut.dx, front(full.dx, room, longest)));
                CHECK(same(cut.gradients, full.gradients));
            }
        }
    }
}

TEST_CASE("what dropout takes does not depend on how long texts might be") {
    const LayerList layers = classifier(
        {dropout(0.2), with(transformer("none"), "attention_dropout", 0.3), layer("mean_pool")});
    Net shorter(layers, {17, dim}), longer(layers, {room, dim});
    const Bits a = run(shorter, Cut(9, 17, 17)), b = run(longer, Cut(9, 17, 17));
    CHECK(same(a.outputs, b.outputs));
    CHECK(same(a.dx, b.dx));
    CHECK(same(a.gradients, b.gradients));
}

TEST_CASE("a model with a weight for every place of a text takes no other length") {
    for (const auto &layers :
         {classifier({layer("flatten")}), classifier({layer("gelu"), layer("flatten")})}) {
        Net net(layers, {room, dim});
        CHECK_FALSE(net.graph->takes_lengths());
        net.graph->set_length(5);
        CHECK(net.graph->value(0).shape == Shape{room, dim});
    }
}
