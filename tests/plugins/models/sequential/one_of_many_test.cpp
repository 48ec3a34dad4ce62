// An example alone has the bits that it has in any company; padding and threads change none. Models
// of text and images as pipelines have them, in training, with dropout.
#include "gradient_check.hpp"

#include <cstring>

using namespace fixture;

namespace {

constexpr std::int64_t many = 64, length = 19, dim = 24;

struct Model {
    std::string name;
    LayerList layers;
    Shape input;

    bool of_text() const { return input.size() == 2; }
};

Json transformer(const Json &more = Json::object()) {
    Json layer{{"type", "transformer"}, {"layers", 2},    {"heads", 4},
               {"hidden", 40},          {"dropout", 0.2}, {"attention_dropout", 0.2}};
    layer.update(more);
    return layer;
}

std::vector<Model> models() {
    const Json encoder = transformer({{"norm_first", true}, {"norm", true}});
    const Json windows{{"type", "conv1d"}, {"out", 33}, {"kernel", 3}, {"padding", 1}};
    const Json states{{"type", "lstm"}, {"hidden", 18}, {"bidirectional", true}};
    const Json looking = transformer({{"queries", 3}});
    const Json words{{"type", "embedding"}, {"dim", dim}, {"vocabulary", 9}};
    const Json squares{{"type", "patches"}, {"size", 4}, {"out", dim}, {"class_token", true}};
    const Shape text{length, dim};
    return {
        {"transformer",
         {words, layer("positions"), encoder, layer("mean_pool"), dropout(0.3), linear(3)},
         text},
        {"decoder", {words, transformer(), looking, layer("flatten"), linear(3)}, text},
        {"text CNN",
         {words, windows, layer("relu"), layer("max_over_positions"), dropout(0.5), linear(3)},
         text},
        {"LSTM", {words, states, layer("attention_pool"), dropout(0.3), linear(3)}, text},
        {"ViT",
         {squares, layer("positions"), encoder, layer("first_position"), linear(3)},
         {1, 12, 16}},
    };
}

/// Texts of 1 to all positions; zero at padding.
std::vector<float> inputs(const Model &model, std::vector<float> &mask) {
    std::vector<float> x = numbers(many * spar::product(model.input), 8, -1, 1);
    if (!model.of_text()) return x;
    spar::Random random(7, 0);
    for (std::int64_t row = 0; row < many; ++row) {
        const std::int64_t count = 1 + random.below(row, length);
        for (std::int64_t i = 0; i < length; ++i) mask.push_back(i < count ? 1.0F : 0.0F);
    }
    for (std::size_t i = 0; i < x.size(); ++i) x[i] *= mask[i / dim];
    return x;
}

std::vector<float> row_of(const std::vector<float> &all, std::int64_t row) {
    const std::int64_t size = std::ssize(all) / many;
    return {all.begin() + row * size, all.begin() + (row + 1) * size};
}

bool same(const std::vector<float> &a, const std::vector<float> &b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

const Wants both{.input = true, .parameters = true};

}  // namespace

TEST_CASE("a batch of one equals its row in a batch of 64 to the last bit") {
    for (const Model &model : models()) {
        CAPTURE(model.name);
        std::vector<float> mask;
        const std::vector<float> x = inputs(model, mask);
        for (const bool training : {false, true}) {
            CAPTURE(training);
            Net net(model.layers, model.input, 2);
            net.mask = mask;
            const Result all = net.pass(x, ids(many), both, training);
            for (std::int64_t row = 0; row < many; ++row) {
                CAPTURE(row);
                if (model.of_text()) net.mask = row_of(mask, row);
                const Result one = net.pass(row_of(x, row), {100 + row}, both, training);
                REQUIRE(same(one.outputs, row_of(all.outputs, row)));
                REQUIRE(same(one.dx, row_of(all.dx, row)));
                const Result alone =
                    net.pass(row_of(x, row), {100 + row}, {.input = true}, training);
                REQUIRE(same(alone.dx, one.dx));
            }
        }
    }
}

TEST_CASE("what stands at padding, and the number of threads, change no bit") {
    for (const Model &model : models()) {
        CAPTURE(model.name);
        std::vector<float> mask;
        std::vector<float> x = inputs(model, mask);
        Result first;
        for (const int threads : {1, 2, 3}) {
            CAPTURE(threads);
            Net net(model.layers, model.input, threads);
            net.mask = mask;
            const Result result = net.pass(x, ids(many), both, true);
            if (threads == 1) first = result;
            CHECK(same(result.outputs, first.outputs));
            CHECK(same(result.dx, first.dx));
            CHECK(same(result.gradients, first.gradients));
            for (std::size_t i = 0; !mask.empty() && i < x.size(); ++i) {
                if (mask[i / dim] != 0) continue;
                REQUIRE(result.dx[i] == 0);
                x[i] = threads == 1 ? 1e30F : std::nanf("");
            }
        }
    }
}
