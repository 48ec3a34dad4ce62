// A dataset in use: what it holds, and batches of it by index.
#pragma once

#include "engine/fenced.hpp"
#include "engine/tokenizer.hpp"

#include <spar/tensor.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace spar::host {

/// A batch of examples. `ids` are their indices in the dataset.
struct Batch {
    std::int64_t count = 0;
    std::int64_t length = 0;      /// tokens of a row
    std::int64_t padding = 0;     /// the token that fills rows
    FencedMatrix x;               /// [count, values per example]; empty for tokens
    Fenced<std::int64_t> tokens;  /// [count, length]; empty for values
    Fenced<float> mask;           /// [count, length] with tokens
    Fenced<std::int64_t> labels;  /// [count]; empty for regression
    FencedMatrix values;          /// [count, outputs]; empty for classes
    std::vector<std::int64_t> ids;

    /// The first so many have labels or values.
    std::int64_t labelled() const {
        return labels.empty() ? values.count() : static_cast<std::int64_t>(labels.size());
    }
    const std::int64_t *label_data() const { return labels.empty() ? nullptr : labels.data(); }
    const float *value_data() const { return values.count() == 0 ? nullptr : values.data(); }
};

/// What becomes of texts, once a tokenizer has made tokens of them.
struct TextForm {
    std::int64_t max_length = 64;  /// longer texts are cut
    bool presence = false;         /// one value 0 or 1 for every token of the vocabulary
};

class Data {
  public:
    /// Opens the dataset and checks its info.
    explicit Data(std::unique_ptr<Instance> dataset);

    /// Whether the examples are texts that have not been encoded. Until then only size(),
    /// instance(), files() and text() can be used.
    bool texts() const { return info_.input == SPAR_INPUT_TEXT; }
    /// Text `index`, valid UTF-8.
    std::string text(std::int64_t index) const;
    /// Encodes all texts; info() then describes what they have become. `tokenizer` must outlive
    /// this.
    void encode(const Tokenizer &tokenizer, const TextForm &form);

    /// Whether a batch of tokens is as long as its longest text, not as the longest of all. Only
    /// encoded texts can be cut.
    bool cut_to_longest = false;

    const spar_dataset_info &info() const { return info_; }
    std::span<const std::int64_t> shape() const {
        return {info_.shape, static_cast<std::size_t>(info_.rank)};
    }
    std::int64_t size() const { return info_.size; }
    bool classes() const { return info_.target == SPAR_TARGET_CLASS; }
    bool tokens() const { return info_.input == SPAR_INPUT_TOKENS; }
    const Instance &instance() const { return *dataset_; }
    /// That made the tokens; null: they are the dataset's own.
    const Tokenizer *tokenizer() const { return tokenizer_; }

    /// Reads examples into `batch`, reusing its memory. Values and labels are checked.
    void read(std::span<const std::int64_t> indices, Batch &batch) const;
    /// Files the examples come from.
    std::vector<std::string> files() const;
    /// Names of a class and of a token; empty if the dataset gives none.
    std::string class_name(std::int64_t index) const;
    std::string token(std::int64_t index) const;

    /// A fault of an example, and its row in the batch.
    struct Fault {
        std::size_t row;
        std::string what;  /// "has the label 12, expected 0 to 9"
    };
    /// The first label, token or value of a batch that is invalid for this data; nothing if all are
    /// valid.
    std::optional<Fault> fault_of(const Batch &batch) const;

  private:
    void read_encoded(std::span<const std::int64_t> indices, Batch &batch) const;

    std::unique_ptr<Instance> dataset_;
    spar_dataset_info info_{};
    const Tokenizer *tokenizer_ = nullptr;  // of encoded texts
    std::vector<std::int32_t> tokens_;      // of all texts, one after the other
    std::vector<std::size_t> ends_;         // of each text in tokens_
};

/// Adds the examples of `more` to a batch of the same kind, without their labels or values, and
/// with ids from `first_id` on.
void append_unlabelled(Batch &batch, const Batch &more, std::int64_t first_id);
/// How often each token of the vocabulary occurs in the data; `counts` grows to its size.
void count_tokens(const Data &data, std::vector<std::int64_t> &counts);

/// {first, ..., first + count - 1}
std::vector<std::int64_t> index_range(std::int64_t first, std::int64_t count);
/// Shuffles in an order determined by the key alone (Fisher and Yates).
void shuffle(std::vector<std::int64_t> &indices, std::uint64_t key);

}  // namespace spar::host
