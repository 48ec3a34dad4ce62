// Layers over the positions of a text against central differences of the plain reference.
#include "gradient_check.hpp"

using namespace fixture;

namespace {

/// Without and with padding.
void check_text(const LayerList &layers, const Shape &input) {
    CAPTURE(layers[0].dump());
    check_network(layers, input);
    check_network(layers, input, {.padded = true});
}

Json transformer(std::int64_t layers, std::int64_t heads, std::int64_t hidden) {
    return {{"type", "transformer"}, {"layers", layers}, {"heads", heads}, {"hidden", hidden}};
}

}  // namespace

TEST_CASE("gradients of vectors of positions, in the input's memory and in their own") {
    for (const char *kind : {"learned", "sinusoidal", "none"}) {
        CAPTURE(kind);
        const Json positions = with(layer("positions"), "kind", kind);
        check_text({positions, linear(5), layer("flatten"), linear(3)}, {4, 7});
        check_text({linear(6), positions, layer("gelu"), layer("mean_pool"), linear(3)}, {5, 3});
        check_text({layer("tanh"), positions, layer("gelu"), layer("mean_pool"), linear(3)},
                   {5, 20});
        check_text({linear(6), residual({positions, layer("gelu")}), layer("mean_pool"), linear(3)},
                   {5, 3});
    }
}

TEST_CASE("gradients of pooling over positions") {
    for (const char *type :
         {"mean_pool", "max_over_positions", "first_position", "attention_pool"}) {
        CAPTURE(type);
        check_text({layer(type), linear(3)}, {5, 7});
        check_text({linear(20), layer("tanh"), layer(type), linear(3)}, {18, 4});
    }
}

TEST_CASE("pooling over positions of a text that is all padding gives zeros") {
    for (const char *type : {"mean_pool", "max_over_positions", "attention_pool"}) {
        CAPTURE(type);
        Net net({layer(type)}, {4, 6});
        net.mask.assign(4, 0);
        const Result result = net.pass(numbers(24, 3), ids(1), {.input = true, .parameters = true});
        for (const float value : result.outputs) CHECK(value == 0);
        for (const float value : result.dx) CHECK(value == 0);
        for (const float value : result.gradients) CHECK(value == 0);
    }
}

TEST_CASE("gradients of encoder layers of a transformer") {
    const auto check = [](const Json &encoder, const Shape &input) {
        check_text({encoder, layer("mean_pool"), linear(3)}, input);
    };
    const Json one = transformer(1, 2, 10), two = transformer(2, 3, 20);
    check(one, {5, 8});
    check(with(one, "norm_first", true), {5, 8});
    check(with(two, "activation", "gelu"), {4, 12});
    check(with(with(with(two, "norm_first", true), "activation", "gelu"), "norm", true), {4, 12});
    check(with(with(one, "causal", true), "positions", "alibi"), {6, 8});
    check_text({transformer(1, 2, 10), layer("first_position"), linear(3)}, {6, 8});
}

TEST_CASE("gradients of decoder layers of a transformer, whose learned queries look at the text") {
    const auto check = [](const Json &decoder, const Shape &input) {
        for (const char *end : {"mean_pool", "flatten"})
            check_text({decoder, layer(end), linear(3)}, input);
    };
    const Json one = with(transformer(1, 2, 10), "queries", 3), two = with(one, "layers", 2);
    check(one, {5, 8});
    check(one, {3, 4});  // as many as positions: their padding is not that of the queries
    check(with(transformer(1, 1, 6), "queries", 21), {2, 4});
    check(with(with(two, "norm_first", true), "activation", "gelu"), {4, 6});
    check(with(with(with(two, "norm", true), "causal", true), "positions", "relative"), {4, 6});
    check(with(one, "score", "additive"), {5, 6});
    check_text({transformer(1, 2, 10), one, layer("attention_pool"), linear(3)}, {5, 8});
    check_text({linear(6), residual({one}, {two}), layer("max_over_positions"), linear(3)}, {5, 6});
    check_network(
        {with(with(layer("patches"), "size", 2), "out", 6), one, layer("mean_pool"), linear(3)},
        {1, 4, 4});
}

TEST_CASE("queries are new vectors of their own: what belongs to the words of a text ends there") {
    const Json decoder = with(transformer(1, 2, 10), "queries", 4);
    CHECK_THROWS_WITH_AS(
        Net({decoder, layer("segments"), layer("mean_pool"), linear(2)}, {4, 8}),
        "layers/1 (segments): needs a vector for every token; put it before layers that change "
        "their number",
        spar::Error);
    const Net net({decoder, layer("flatten"), linear(2)}, {9, 8});
    CHECK(net.graph->takes_lengths());
    CHECK(net.graph->parameters[0].name == "0.queries");
    CHECK(net.graph->parameters[0].shape == Shape{4, 8});
}
