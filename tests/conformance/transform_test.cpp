// Every transform: an example gives the same result in any batch, at any place of it and on any
// number of threads; a different one in another epoch; and stays inside the data's box.
#include "components.hpp"

#include "engine/augmentation.hpp"
#include "instances/services.hpp"

#include <cmath>

using namespace spar;
using namespace spar::test;

namespace {

using Example = std::vector<float>;

/// The data of a transform's example, and the transform alone.
struct Bench {
    explicit Bench(const Sample &sample, std::uint64_t seed = 1)
        : dataset(SPAR_KIND_DATASET, sample.plan.data.train.json->dump(), seed, "/data/train"),
          data(dataset.take()),
          transform(sample.make(seed)),
          augmentation(list(transform.take()), data) {}

    static std::vector<std::unique_ptr<host::Instance>> list(std::unique_ptr<host::Instance> one) {
        std::vector<std::unique_ptr<host::Instance>> all;
        all.push_back(std::move(one));
        return all;
    }

    /// The examples of an epoch, both values and tokens as floats.
    std::vector<Example> read(const std::vector<std::int64_t> &indices, std::int64_t epoch,
                              std::size_t split) const {
        std::vector<Example> examples;
        host::Batch batch;
        for (std::size_t begin = 0; begin < indices.size(); begin += split) {
            const std::size_t count = std::min(split, indices.size() - begin);
            data.read(std::span(indices).subspan(begin, count), batch);
            const std::vector labels(batch.labels.begin(), batch.labels.end());
            augmentation.apply(batch, epoch);
            CHECK(std::ranges::equal(batch.labels, labels));
            const std::size_t width = batch.tokens.size() / count;
            for (std::int64_t i = 0; i < batch.count; ++i) {
                Example &example = examples.emplace_back();
                if (batch.tokens.empty()) {
                    example.assign(batch.x[i].begin(), batch.x[i].end());
                    continue;
                }
                for (std::size_t k = 0; k < width; ++k) {
                    const std::size_t at = static_cast<std::size_t>(i) * width + k;
                    example.push_back(static_cast<float>(batch.tokens[at]));
                    example.push_back(batch.mask[at]);
                }
            }
        }
        return examples;
    }

    Made dataset;
    host::Data data;
    Made transform;
    host::Augmentation augmentation;
};

}  // namespace

TEST_CASE("there are transforms") {
    CHECK(samples(SPAR_KIND_TRANSFORM).size() >= 3);
}

TEST_CASE("an example gives the same result in any batch, place, split, instance and thread") {
    for (const Sample &sample : samples(SPAR_KIND_TRANSFORM)) {
        INFO(sample.name());
        const Bench bench(sample);
        auto indices = host::index_range(0, std::min<std::int64_t>(bench.data.size(), 100));
        const auto whole = bench.read(indices, 3, indices.size());
        CHECK((bench.read(indices, 3, 1) == whole));
        CHECK((bench.read(indices, 3, 17) == whole));
        host::set_threads(3);
        CHECK((bench.read(indices, 3, indices.size()) == whole));
        host::set_threads(1);
        CHECK((Bench(sample).read(indices, 3, 40) == whole));
        host::shuffle(indices, 9);
        const auto shuffled = bench.read(indices, 3, 23);
        for (std::size_t i = 0; i < indices.size(); ++i)
            CHECK((shuffled[i] == whole[static_cast<std::size_t>(indices[i])]));
        const auto twice = bench.read({5, 5, 5}, 3, 3);
        CHECK((twice[0] == twice[2]));
    }
}

TEST_CASE("another epoch gives a different result, inside the box") {
    for (const Sample &sample : samples(SPAR_KIND_TRANSFORM)) {
        INFO(sample.name());
        const Bench bench(sample);
        const auto indices = host::index_range(0, std::min<std::int64_t>(bench.data.size(), 100));
        const auto first = bench.read(indices, 0, 50);
        CHECK((bench.read(indices, 1, 50) != first));
        const spar_dataset_info &info = bench.data.info();
        for (const Example &example : first)
            for (const float value : example)
                if (!bench.data.tokens())
                    CHECK((value >= static_cast<float>(info.lower) &&
                           value <= static_cast<float>(info.upper)));
    }
}

TEST_CASE("examples that a transform of images cannot change are refused before a run") {
    for (const Sample &sample : samples(SPAR_KIND_TRANSFORM)) {
        INFO(sample.name());
        Made made = sample.make();
        const auto instance = made.take();
        spar_transform_rows rows{};
        rows.struct_size = sizeof rows;
        rows.rank = 7;
        rows.size = 1;
        std::fill_n(rows.shape, 7, 1);
        float nothing = 0;
        rows.x = &nothing;
        rows.upper = 1;
        spar_error error = empty_error();
        const spar_status status =
            instance->table<spar_transform_table>().apply(instance->self(), &rows, &error);
        if (status != SPAR_OK) CHECK(std::string(error.message).size() > 10);
    }
}
