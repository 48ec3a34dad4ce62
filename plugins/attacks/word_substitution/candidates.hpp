// What may replace a word: words with near vectors, or those that a file lists.
#pragma once

#include "../common/vocabulary.hpp"
#include "../common/word_list.hpp"

#include <map>
#include <memory>
#include <unordered_map>

namespace substitution {

/// Words with what may replace them, from a file: on each line a word, and after it its
/// replacements, the best first, divided by white space. A word may have several lines.
class Synonyms {
  public:
    explicit Synonyms(const std::string &path) {
        for (const auto &line : attacks::word_lines(path, expected)) {
            if (line.size() < 2)
                throw spar::bad_data(path + ": \"" + line[0] + "\" stands alone on its line; " +
                                     "expected " + expected);
            auto &all = synonyms_[attacks::small_letters(line[0])];
            all.insert(all.end(), line.begin() + 1, line.end());
        }
    }
    std::vector<std::string> of(const std::string &word) const {
        const auto found = synonyms_.find(attacks::small_letters(word));
        return found != synonyms_.end() ? found->second : std::vector<std::string>();
    }

  private:
    static constexpr const char *expected =
        "lines of a word and the words that may replace it, divided by white space";
    std::unordered_map<std::string, std::vector<std::string>> synonyms_;
};

/// Writes `other` with the capitals of `word`, if that has some: "Good" and "fine" give "Fine".
inline std::string in_case_of(const std::string &word, std::string other) {
    const auto capital = [](char c) { return c >= 'A' && c <= 'Z'; };
    const auto raise = [](char &c) { c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; };
    const bool all = word.size() > 1 && std::all_of(word.begin(), word.end(), capital);
    if (all) std::for_each(other.begin(), other.end(), raise);
    if (!word.empty() && capital(word[0]) && !other.empty()) raise(other[0]);
    return other;
}

/// Nearest words by the cosine of vectors; of a word in several tokens the mean counts. Kept, as
/// texts of a batch share words.
class Neighbours {
  public:
    Neighbours(const spar::Oracle &oracle, const spar::TokenizerRef &tokenizer, std::int64_t count,
               double min_cosine)
        : vocabulary_(oracle, tokenizer), count_(count), min_cosine_(min_cosine) {}

    /// The best first; none for a word that the vocabulary lacks.
    const std::vector<std::string> &of(const std::string &word,
                                       const std::vector<std::int64_t> &tokens) {
        const auto [place, is_new] = known_.try_emplace(tokens);
        if (is_new) place->second = find(attacks::small_letters(word), tokens);
        return place->second;
    }

  private:
    std::vector<std::string> find(const std::string &word,
                                  const std::vector<std::int64_t> &tokens) const {
        std::vector<float> mean(vocabulary_.vector(tokens[0]).size());
        for (const std::int64_t token : tokens) {
            if (!vocabulary_.known(token)) return {};
            const auto vector = vocabulary_.vector(token);
            for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += vector[i];
        }
        const double length = spar::norm_l2(mean);
        std::vector<std::pair<double, const attacks::Vocabulary::Word *>> near;
        for (const attacks::Vocabulary::Word &other : vocabulary_.words()) {
            if (attacks::small_letters(other.text) == word) continue;
            const double cosine = vocabulary_.cosine(mean, length, other.token);
            if (cosine >= min_cosine_) near.emplace_back(-cosine, &other);
        }
        // Words lie in the order of their tokens, which decides between equals.
        std::stable_sort(near.begin(), near.end(),
                         [](const auto &a, const auto &b) { return a.first < b.first; });
        if (std::ssize(near) > count_) near.resize(static_cast<std::size_t>(count_));
        std::vector<std::string> texts;
        for (const auto &entry : near) texts.push_back(entry.second->text);
        return texts;
    }

    attacks::Vocabulary vocabulary_;
    std::int64_t count_;
    double min_cosine_;
    std::map<std::vector<std::int64_t>, std::vector<std::string>> known_;
};

}  // namespace substitution
