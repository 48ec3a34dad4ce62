// The tokens of a vocabulary by number and by text, and how they are saved.
#pragma once

#include "lines.hpp"

#include <spar/state.hpp>

#include <algorithm>
#include <unordered_map>

namespace tokenizers {

/// Finds texts without a copy of them.
struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
        return std::hash<std::string_view>()(text);
    }
};
template <class Value>
using ByText = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

/// Tokens in their order. Of two of the same text, the later one is found.
class Tokens {
  public:
    Tokens() = default;
    /// The first `unnamed` tokens are not found by their texts.
    explicit Tokens(std::vector<std::string> tokens, std::size_t unnamed = 0)
        : tokens_(std::move(tokens)) {
        for (std::size_t i = unnamed; i < tokens_.size(); ++i)
            ids_.insert_or_assign(tokens_[i], static_cast<std::int64_t>(i));
    }

    std::int64_t size() const { return static_cast<std::int64_t>(tokens_.size()); }
    /// -1: none.
    std::int64_t id(std::string_view token) const {
        const auto found = ids_.find(token);
        return found == ids_.end() ? -1 : found->second;
    }
    /// Null outside the vocabulary.
    const std::string *token(std::int64_t id) const {
        return id >= 0 && id < size() ? &tokens_[static_cast<std::size_t>(id)] : nullptr;
    }
    const std::vector<std::string> &all() const { return tokens_; }

    void save(const spar::StateOut &out) const {
        out.write(static_cast<std::uint64_t>(tokens_.size()));
        for (const std::string &token : tokens_) out.write(token);
    }
    static std::vector<std::string> load(const spar::StateIn &in) {
        std::uint64_t count = 0;
        in.read(count);
        if (count > most_tokens)
            throw spar::bad_data("the saved vocabulary is damaged: it says that it has " +
                                 std::to_string(count) + " tokens");
        std::vector<std::string> tokens;
        for (std::uint64_t i = 0; i < count; ++i) {
            in.read(tokens.emplace_back());
            if (!is_text(tokens.back()))
                throw spar::bad_data("the saved vocabulary is damaged: token " + std::to_string(i) +
                                     " is no text");
        }
        return tokens;
    }

  private:
    std::vector<std::string> tokens_;
    ByText<std::int64_t> ids_;
};

/// The first saved text, which says what wrote the rest.
inline void check_mark(const spar::StateIn &in, std::string_view expected) {
    std::string mark(expected.size(), '\0');
    in.read(std::span<char>(mark));
    if (mark != expected)
        throw spar::bad_data(
            "the saved vocabulary is damaged, or of a newer version: it begins "
            "otherwise than one of this tokenizer");
}

/// A saved setting, which the pipeline must repeat. `words` are how a pipeline writes its values; a
/// number if there are none.
inline void check_setting(const spar::StateIn &in, const std::string &name, std::int64_t ours,
                          const std::vector<std::string> &words = {"false", "true"}) {
    std::int64_t saved = 0;
    in.read(saved);
    if (saved < 0 || (!words.empty() && saved >= std::ssize(words)))
        throw spar::bad_data("the saved vocabulary is damaged: its \"" + name + "\" is " +
                             std::to_string(saved));
    if (saved == ours) return;
    const auto text = [&](std::int64_t value) {
        return words.empty() ? std::to_string(value) : words[static_cast<std::size_t>(value)];
    };
    throw spar::invalid("the vocabulary of the weights goes with \"" + name + "\": " + text(saved) +
                            ", but the pipeline has " + text(ours) + "; say \"" + name +
                            "\": " + text(saved),
                        "/" + name);
}

/// What a file of the pipeline and the weights must agree on.
inline void check_same(const std::vector<std::string> &saved, const std::vector<std::string> &ours,
                       const std::string &path, const std::string &pointer) {
    const auto [a, b] = std::mismatch(saved.begin(), saved.end(), ours.begin(), ours.end());
    if (a == saved.end() && b == ours.end()) return;
    const auto quoted = [](const auto &at, const auto &end) {
        return at == end ? std::string("absent") : "\"" + *at + "\"";
    };
    throw spar::invalid("token " + std::to_string(a - saved.begin()) + " is " +
                            quoted(a, saved.end()) + " in the vocabulary of the weights, but " +
                            quoted(b, ours.end()) + " in " + path +
                            "; leave the file out, since the weights carry their vocabulary",
                        pointer);
}

}  // namespace tokenizers
