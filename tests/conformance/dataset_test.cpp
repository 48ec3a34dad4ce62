// Every dataset: the same bytes for the same index, in any order and any split.
#include "components.hpp"

#include "engine/data.hpp"

using namespace spar;
using namespace spar::test;

namespace {

struct Content {
    std::vector<float> x, values, mask;
    std::vector<std::int64_t> tokens, labels;
    bool operator==(const Content &) const = default;
};

std::span<const float> flat(const spar::host::FencedMatrix &m) {
    return {m.data(), static_cast<std::size_t>(m.count() * m.width())};
}

template <class To, class From>
void append(To &to, const From &from, std::int64_t index, std::int64_t count) {
    const auto width = static_cast<std::ptrdiff_t>(from.size()) / count;
    to.insert(to.end(), from.begin() + index * width, from.begin() + (index + 1) * width);
}

/// A sample in use; texts become the tokens of a vocabulary of their words.
class Opened {
  public:
    explicit Opened(const Sample &sample) : dataset_(sample.make()), data(dataset_.take()) {
        own_info = data.info();
        if (!data.texts()) return;
        words_ = std::make_unique<Made>(SPAR_KIND_TOKENIZER, R"({"type":"words"})");
        tokenizer_ = std::make_unique<host::Tokenizer>(words_->take());
        CHECK_FALSE(tokenizer_->ready());
        tokenizer_->learn(data.size(), [&](std::int64_t i) { return data.text(i); });
        data.encode(*tokenizer_, {});
    }

  private:
    Made dataset_;
    std::unique_ptr<Made> words_;
    std::unique_ptr<host::Tokenizer> tokenizer_;

  public:
    host::Data data;
    spar_dataset_info own_info{};  /// before texts became tokens
};

/// Examples in the order of `indices`, read `split` at a time.
std::vector<Content> read(const host::Data &data, const std::vector<std::int64_t> &indices,
                          std::size_t split) {
    std::vector<Content> examples;
    host::Batch batch;
    for (std::size_t begin = 0; begin < indices.size(); begin += split) {
        const std::size_t count = std::min(split, indices.size() - begin);
        data.read(std::span(indices).subspan(begin, count), batch);
        REQUIRE(batch.count == static_cast<std::int64_t>(count));
        for (std::int64_t i = 0; i < batch.count; ++i) {
            Content &example = examples.emplace_back();
            append(example.x, flat(batch.x), i, batch.count);
            append(example.values, flat(batch.values), i, batch.count);
            append(example.mask, batch.mask, i, batch.count);
            append(example.tokens, batch.tokens, i, batch.count);
            append(example.labels, batch.labels, i, batch.count);
        }
    }
    return examples;
}

}  // namespace

TEST_CASE("an example has the same bytes in any order, any split and any instance") {
    for (const Sample &sample : samples(SPAR_KIND_DATASET)) {
        INFO(sample.name());
        const Opened opened(sample);
        const host::Data &data = opened.data;
        auto indices = host::index_range(0, std::min<std::int64_t>(data.size(), 100));
        const auto whole = read(data, indices, indices.size());
        CHECK((read(data, indices, 1) == whole));
        CHECK((read(data, indices, 7) == whole));
        host::shuffle(indices, 9);
        const auto shuffled = read(data, indices, 13);
        for (std::size_t i = 0; i < indices.size(); ++i)
            CHECK((shuffled[i] == whole[static_cast<std::size_t>(indices[i])]));
        std::vector<std::int64_t> twice(5, data.size() - 1);
        const auto same = read(data, twice, 5);
        CHECK((same[0] == same[4]));
        const Opened again(sample);
        host::shuffle(indices, 10);
        const auto fresh = read(again.data, indices, 3);
        for (std::size_t i = 0; i < indices.size(); ++i)
            CHECK((fresh[i] == whole[static_cast<std::size_t>(indices[i])]));
    }
}

TEST_CASE("a dataset's info is true, and stays the same") {
    for (const Sample &sample : samples(SPAR_KIND_DATASET)) {
        INFO(sample.name());
        const Opened opened(sample);
        const host::Data &data = opened.data;
        const spar_dataset_info info = data.info();
        for (const Content &example :
             read(data, host::index_range(0, std::min<std::int64_t>(data.size(), 200)), 50)) {
            for (const float value : example.x) CHECK((value >= info.lower && value <= info.upper));
            for (const auto label : example.labels) CHECK((label >= 0 && label < info.outputs));
            for (const auto token : example.tokens) CHECK((token >= 0 && token < info.vocabulary));
            CHECK(example.labels.size() == (data.classes() ? 1U : 0U));
        }
        spar_dataset_info later{};
        later.struct_size = sizeof later;
        data.instance().call("info", [&](spar_error *error) {
            return data.instance().table<spar_dataset_table>().info(data.instance().self(), &later,
                                                                    error);
        });
        CHECK(std::memcmp(&later, &opened.own_info, sizeof later) == 0);
        for (const std::string &file : data.files()) CHECK(std::filesystem::exists(file));
    }
}

TEST_CASE("an index out of range is refused") {
    for (const Sample &sample : samples(SPAR_KIND_DATASET)) {
        INFO(sample.name());
        Made made = sample.make();
        const host::Data data(made.take());
        host::Batch batch;
        for (const std::int64_t index : {data.size(), std::int64_t{-1}, INT64_MAX, INT64_MIN})
            if (data.texts())
                CHECK_THROWS_AS(data.text(index), host::Failure);
            else
                CHECK_THROWS_AS(data.read(std::vector{index}, batch), host::Failure);
    }
}
