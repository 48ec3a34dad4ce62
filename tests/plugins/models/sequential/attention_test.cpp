// Self-attention against central differences of the plain reference.
#include "gradient_check.hpp"

using namespace fixture;

namespace {

Json attention(std::int64_t heads) {
    return with(layer("attention"), "heads", heads);
}

/// Without and with padding.
void check_text(const LayerList &layers, const Shape &input, std::size_t most = 24) {
    check_network(layers, input, {.most = most});
    check_network(layers, input, {.most = most, .padded = true});
}

void check(const Json &attention, const Shape &input = {7, 12}, std::size_t most = 16) {
    CAPTURE(attention.dump());
    check_text({attention, layer("mean_pool"), linear(3)}, input, most);
    check_network({attention, layer("flatten"), linear(3)}, input, {.rows = 2, .most = most});
}

}  // namespace

TEST_CASE("gradients of attention by content: heads, and lengths beside whole vectors") {
    check(attention(1));
    check(attention(3));
    check(attention(2), {1, 4});
    check(attention(4), {16, 8});
    check(attention(1), {33, 17}, 3);
    check(attention(2), {40, 66}, 2);
}

TEST_CASE("gradients of attention that sees a part of the text") {
    check(with(attention(2), "causal", true));
    check(with(attention(2), "window", 2));
    check(with(with(attention(2), "window", 1), "causal", true), {20, 6});
}

TEST_CASE("gradients of attention with additive scores") {
    const Json additive = with(attention(2), "score", "additive");
    check(additive);
    check(with(additive, "causal", true), {18, 6});
}

TEST_CASE("gradients of attention by position") {
    for (const char *positions : {"relative", "alibi", "rotary"}) {
        CAPTURE(positions);
        check(with(attention(2), "positions", positions));
        check(with(with(attention(3), "positions", positions), "causal", true));
        check(with(with(attention(2), "positions", positions), "score", "additive"), {17, 4});
    }
}

TEST_CASE("gradients through several layers of attention and ways around them") {
    const Json norm = layer("layernorm");
    check_text({residual({norm, attention(2)}), residual({norm, linear(12), layer("gelu")}),
                residual({attention(3)}), norm, layer("mean_pool"), linear(3)},
               {6, 12});
    check_text({attention(2), layer("relu"), attention(4), layer("mean_pool"), linear(3)}, {5, 8});
}

TEST_CASE("attention that does not fit is refused with its place") {
    CHECK_THROWS_WITH_AS(
        Net({attention(5), layer("mean_pool"), linear(2)}, {3, 12}),
        "layers/0 (attention): the 12 values of a vector cannot be split evenly over 5 heads; "
        "choose a number of heads that divides them",
        spar::Error);
    CHECK_THROWS_WITH_AS(Net({attention(1), linear(2)}, {1, 4, 4}),
                         "layers/0 (attention): needs the vectors of a text [length, dim], got "
                         "[1,4,4]; put it after an embedding, or after patches of an image",
                         spar::Error);
    CHECK_THROWS_WITH_AS(
        Net({with(attention(4), "positions", "rotary"), layer("mean_pool"), linear(2)}, {3, 12}),
        "layers/0 (attention): rotary positions rotate pairs of values, but a head has 3; make "
        "that "
        "an even number",
        spar::Error);
}
