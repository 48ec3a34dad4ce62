// A dataset of texts, opened as the host opens it.
#pragma once

#include "plugin_loader.hpp"

#include "base/warnings.hpp"

#include <string>
#include <vector>

namespace spar::test {

using Strings = std::vector<std::string>;
using Ids = std::vector<std::int64_t>;

class OpenedTexts {
  public:
    explicit OpenedTexts(const std::string &json)
        : made_(SPAR_KIND_DATASET, json, 1, "/data/train") {
        info_.struct_size = sizeof info_;
        call("info", [&](spar_error *e) { return table().info(self(), &info_, e); });
        CHECK(info_.input == SPAR_INPUT_TEXT);
        CHECK(info_.rank == 0);
    }

    const spar_dataset_info &info() const { return info_; }
    std::string text(std::int64_t index) const {
        const char *text = nullptr;
        call("text", [&](spar_error *e) { return table().text(self(), index, &text, e); });
        return text;
    }
    Strings texts() const {
        Strings all;
        for (std::int64_t i = 0; i < info_.size; ++i) all.push_back(text(i));
        return all;
    }
    Ids labels() const {
        std::vector<std::int64_t> labels(static_cast<std::size_t>(info_.size));
        read(labels.data(), nullptr);
        return labels;
    }
    std::vector<float> values() const {
        std::vector<float> values(static_cast<std::size_t>(info_.size));
        read(nullptr, values.data());
        return values;
    }
    /// Of all classes; empty where they have none.
    Strings names() const {
        Strings names;
        for (std::int64_t i = 0; i < info_.outputs; ++i)
            if (const char *name = table().class_name(self(), i)) names.emplace_back(name);
        return names;
    }
    std::string file() const { return table().file(self(), 0); }

  private:
    template <class Function>
    void call(const char *what, Function &&function) const {
        made_.instance().call(what, function);
    }
    void read(std::int64_t *labels, float *values) const {
        std::vector<std::int64_t> indices(static_cast<std::size_t>(info_.size));
        for (std::size_t i = 0; i < indices.size(); ++i) indices[i] = static_cast<std::int64_t>(i);
        call("read", [&](spar_error *e) {
            return table().read(self(), indices.data(), info_.size, nullptr, nullptr, labels,
                                values, e);
        });
    }
    const spar_dataset_table &table() const { return made_.instance().table<spar_dataset_table>(); }
    void *self() const { return made_.instance().self(); }

    Made made_;
    spar_dataset_info info_{};
};

/// A file with this content, and the dataset that reads it.
class TextFile {
  public:
    explicit TextFile(const std::string &content, const std::string &name = "a.tsv")
        : file_(folder_.write(name, content)) {}

    const std::string &file() const { return file_; }
    std::string node(const std::string &more = "") const {
        return R"({"type":"text","file":")" + file_ + "\"" + more + "}";
    }
    OpenedTexts open(const std::string &more = "") const { return OpenedTexts(node(more)); }
    Strings texts(const std::string &more = "") const { return open(more).texts(); }

    /// The message of the failure to open it, whose code must say: the data is wrong.
    std::string refused(const std::string &more = "") const {
        const host::Failure failure = failure_of([&] { open(more); });
        CHECK(failure.exit() == host::Exit::data);
        return failure.what();
    }
    std::vector<host::Warning> warnings(const std::string &more = "") const {
        host::warnings().clear();
        open(more);
        std::vector<host::Warning> all = host::warnings().all();
        host::warnings().clear();
        return all;
    }
    /// The codes of the warnings.
    Strings advice(const std::string &more = "") const {
        Strings codes;
        for (const host::Warning &warning : warnings(more)) codes.push_back(warning.code);
        return codes;
    }

  private:
    Folder folder_;
    std::string file_;
};

inline bool has(const std::string &text, const std::string &part) {
    const bool found = text.find(part) != std::string::npos;
    if (!found) MESSAGE("\"", text, "\" does not say \"", part, "\"");
    return found;
}

}  // namespace spar::test
