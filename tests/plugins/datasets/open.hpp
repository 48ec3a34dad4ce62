// A dataset of the built plugins, opened as the host opens it.
#pragma once

#include "engine/data.hpp"
#include "plugin_loader.hpp"

#include <string>
#include <vector>

namespace spar::test {

class Opened {
  public:
    explicit Opened(const std::string &json, std::uint64_t seed = 1,
                    const std::string &pointer = "/data/train")
        : made_(SPAR_KIND_DATASET, json, seed, pointer), data_(made_.take()) {}

    const host::Data &data() const { return data_; }
    const spar_dataset_info &info() const { return data_.info(); }
    std::vector<std::int64_t> shape() const { return {data_.shape().begin(), data_.shape().end()}; }

    host::Batch read(const std::vector<std::int64_t> &indices) const {
        host::Batch batch;
        data_.read(indices, batch);
        return batch;
    }
    host::Batch all() const { return read(host::index_range(0, data_.size())); }

  private:
    Made made_;
    host::Data data_;
};

/// The message of the failure to open a dataset, whose code must say: the data is wrong.
inline std::string refusal(const std::string &json) {
    const host::Failure failure = failure_of([&] { Opened dataset(json); });
    CHECK(failure.exit() == host::Exit::data);
    return failure.what();
}

inline bool has(const std::string &text, const std::string &part) {
    const bool found = text.find(part) != std::string::npos;
    if (!found) MESSAGE("\"", text, "\" does not say \"", part, "\"");
    return found;
}

/// A byte string from numbers.
inline std::string bytes(std::initializer_list<int> values) {
    std::string text;
    for (const int value : values) text += static_cast<char>(value);
    return text;
}

}  // namespace spar::test
