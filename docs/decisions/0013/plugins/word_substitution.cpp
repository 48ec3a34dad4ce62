// An attack on texts: the words that matter most are replaced, one after the other, by words with
// near vectors (the order of TextFooler, Jin et al. 2020).
#include "support.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

struct Span {
    std::int64_t begin, end;
};

struct WordSubstitution {
    std::int64_t neighbours = 0;
    std::vector<std::string> keep;  // stop words
};

/// One example under attack: its text, asked of the oracle in variants.
class Victim {
  public:
    Victim(const spar_oracle &oracle, const spar_attack_batch &batch, std::int64_t row)
        : oracle_(oracle),
          tokenizer_(*static_cast<const spar_tokenizer_table *>(batch.tokenizer->table)),
          self_(batch.tokenizer->self),
          room_(batch.tokens->length),
          row_(row) {}

    std::vector<Span> words(const std::string &text) const {
        spar_words words{};
        words.struct_size = sizeof words;
        checked([&](spar_error *e) { return tokenizer_.words(self_, text.c_str(), &words, e); });
        std::vector<std::int64_t> begins(static_cast<std::size_t>(words.count)), ends(begins);
        words.room = words.count;
        words.begins = begins.data();
        words.ends = ends.data();
        checked([&](spar_error *e) { return tokenizer_.words(self_, text.c_str(), &words, e); });
        std::vector<Span> spans;
        for (std::size_t i = 0; i < begins.size(); ++i) spans.push_back({begins[i], ends[i]});
        return spans;
    }

    std::vector<std::int64_t> encode(const std::string &text) const {
        std::vector<std::int64_t> tokens(static_cast<std::size_t>(room_));
        spar_encoding encoding{};
        encoding.struct_size = sizeof encoding;
        encoding.room = room_;
        encoding.tokens = tokens.data();
        checked(
            [&](spar_error *e) { return tokenizer_.encode(self_, text.c_str(), &encoding, e); });
        tokens.resize(static_cast<std::size_t>(encoding.length));
        return tokens;
    }

    struct Answers {
        std::vector<float> loss;
        std::vector<std::int64_t> classes;
    };

    Answers ask(const std::vector<std::string> &texts) const {
        const auto count = texts.size();
        std::vector<std::int64_t> tokens(count * static_cast<std::size_t>(room_)), lengths, rows;
        for (std::size_t i = 0; i < count; ++i) {
            const auto one = encode(texts[i]);
            std::copy(
                one.begin(), one.end(),
                tokens.begin() + static_cast<std::ptrdiff_t>(i * static_cast<std::size_t>(room_)));
            lengths.push_back(static_cast<std::int64_t>(one.size()));
            rows.push_back(row_);
        }
        spar_tokens points{};
        points.struct_size = sizeof points;
        points.length = room_;
        points.tokens = tokens.data();
        points.lengths = lengths.data();
        Answers answers{std::vector<float>(count), std::vector<std::int64_t>(count)};
        spar_query query{};
        query.struct_size = sizeof query;
        query.count = static_cast<std::int64_t>(count);
        query.rows = rows.data();
        query.tokens = &points;
        query.loss_values = answers.loss.data();
        query.classes = answers.classes.data();
        checked([&](spar_error *e) { return oracle_.evaluate(&oracle_, &query, e); });
        return answers;
    }

    void propose(const std::string &text) const {
        checked([&](spar_error *e) { return oracle_.propose(&oracle_, row_, text.c_str(), e); });
    }

  private:
    const spar_oracle &oracle_;
    const spar_tokenizer_table &tokenizer_;
    void *self_;
    std::int64_t room_, row_;
};

/// Whole words of the vocabulary by the cosine of their vectors.
class Neighbours {
  public:
    Neighbours(const spar_oracle &oracle, const spar_component_ref &tokenizer)
        : width_(static_cast<std::size_t>(oracle.width)) {
        const auto &table = *static_cast<const spar_tokenizer_table *>(tokenizer.table);
        spar_tokenizer_info info{};
        info.struct_size = sizeof info;
        checked([&](spar_error *e) { return table.info(tokenizer.self, &info, e); });
        vectors_.resize(static_cast<std::size_t>(info.vocabulary) * width_);
        std::vector<std::int64_t> all(static_cast<std::size_t>(info.vocabulary));
        std::iota(all.begin(), all.end(), std::int64_t{0});
        checked([&](spar_error *e) {
            return oracle.vectors(&oracle, info.vocabulary, all.data(), vectors_.data(), e);
        });
        for (const auto token : all)
            if (const char *word = table.word(tokenizer.self, token); word != nullptr)
                words_.emplace_back(token, word);
    }

    /// The `count` words nearest to the mean of these tokens' vectors, the word itself left out.
    std::vector<std::string> near(const std::vector<std::int64_t> &tokens, std::string_view self,
                                  std::int64_t count) const {
        std::vector<float> mean(width_);
        for (const auto token : tokens)
            for (std::size_t j = 0; j < width_; ++j) mean[j] += at(token)[j];
        std::vector<std::pair<double, const std::string *>> ranked;
        for (const auto &[token, text] : words_)
            if (text != self) ranked.emplace_back(-cosine(mean.data(), at(token)), &text);
        const auto kept = std::min<std::ptrdiff_t>(count, std::ssize(ranked));
        std::partial_sort(ranked.begin(), ranked.begin() + kept, ranked.end(),
                          [](const auto &a, const auto &b) { return a.first < b.first; });
        std::vector<std::string> texts;
        for (std::ptrdiff_t i = 0; i < kept; ++i)
            texts.push_back(*ranked[static_cast<std::size_t>(i)].second);
        return texts;
    }

  private:
    const float *at(std::int64_t token) const {
        return vectors_.data() + static_cast<std::size_t>(token) * width_;
    }
    double cosine(const float *a, const float *b) const {
        double ab = 0, aa = 0, bb = 0;
        for (std::size_t j = 0; j < width_; ++j) {
            ab += double{a[j]} * b[j];
            aa += double{a[j]} * a[j];
            bb += double{b[j]} * b[j];
        }
        return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : -1;
    }

    std::size_t width_;
    std::vector<float> vectors_;
    std::vector<std::pair<std::int64_t, std::string>> words_;
};

/// The tokens of each word of an example.
std::vector<std::int64_t> tokens_of(const spar_attack_batch &batch, std::int64_t row,
                                    std::size_t word) {
    std::vector<std::int64_t> tokens;
    const std::int64_t first = row * batch.tokens->length;
    for (std::int64_t i = first; i < first + batch.tokens->lengths[row]; ++i)
        if (batch.words[i] == static_cast<std::int32_t>(word))
            tokens.push_back(batch.tokens->tokens[i]);
    return tokens;
}

void attack(const WordSubstitution &self, const spar_oracle &oracle, const spar_attack_batch &batch,
            std::int64_t row, const Neighbours &neighbours) {
    const Victim victim(oracle, batch, row);
    const std::string clean = batch.texts[row];
    const auto spans = victim.words(clean);
    std::vector<std::string> words, gaps;  // gaps[i] stands before word i, the last one at the end
    std::int64_t end = 0;
    const auto piece = [&](std::int64_t from, std::int64_t to) {
        return clean.substr(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from));
    };
    for (const auto &span : spans) {
        gaps.push_back(piece(end, span.begin));
        words.push_back(piece(span.begin, span.end));
        end = span.end;
    }
    gaps.push_back(clean.substr(static_cast<std::size_t>(end)));
    const auto text = [&](std::size_t changed, const std::string &by) {
        std::string whole;
        for (std::size_t i = 0; i < words.size(); ++i)
            whole += gaps[i] + (i == changed ? by : words[i]);
        return whole + gaps.back();
    };
    const auto reached = [&](std::int64_t choice) {
        return batch.targets != nullptr ? choice == batch.targets[row]
                                        : choice != batch.labels[row];
    };
    const bool stops = (oracle.flags & SPAR_ORACLE_SURROGATE) == 0;

    const auto now = victim.ask({clean});
    if (words.empty() || (stops && reached(now.classes[0]))) return;
    std::vector<std::string> without;
    for (std::size_t i = 0; i < words.size(); ++i) without.push_back(text(i, ""));
    const auto importance = victim.ask(without).loss;
    std::vector<std::size_t> order(words.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](auto a, auto b) { return importance[a] > importance[b]; });

    float loss = now.loss[0];
    std::int64_t edited = 0;
    for (const auto at : order) {
        if (edited == batch.limits[row]) break;
        if (std::find(self.keep.begin(), self.keep.end(), words[at]) != self.keep.end()) continue;
        const auto tokens = tokens_of(batch, row, at);
        if (tokens.empty()) continue;  // cut off
        const auto candidates = neighbours.near(tokens, words[at], self.neighbours);
        if (candidates.empty()) continue;
        std::vector<std::string> texts;
        for (const auto &candidate : candidates) texts.push_back(text(at, candidate));
        const auto answers = victim.ask(texts);
        const auto best = static_cast<std::size_t>(
            std::max_element(answers.loss.begin(), answers.loss.end()) - answers.loss.begin());
        if (answers.loss[best] <= loss) continue;
        loss = answers.loss[best];
        words[at] = candidates[best];
        victim.propose(texts[best]);
        ++edited;
        if (stops && reached(answers.classes[best])) break;
    }
    oracle.note(&oracle, row, "substituted", static_cast<double>(edited));
}

spar_status perturb(void *self, const spar_oracle *oracle, const spar_attack_batch *batch,
                    spar_error *error) {
    return guarded(error, [&] {
        if (batch->count == 0) return;
        const Neighbours neighbours(*oracle, *batch->tokenizer);
        for (std::int64_t row = 0; row < batch->count; ++row) {
            try {
                attack(*static_cast<WordSubstitution *>(self), *oracle, *batch, row, neighbours);
            } catch (const Refused &refused) {
                if (refused.error.code != SPAR_E_BUDGET) throw;  // of this example alone
            }
        }
    });
}

spar_status fits(void *, const spar_threat *threat, spar_error *error) {
    if (threat->space != SPAR_SPACE_TOKENS)
        return refuse(error, SPAR_E_UNSUPPORTED, "replaces words: needs the space of tokens");
    if (threat->access != SPAR_ACCESS_GRADIENTS)
        return refuse(error, SPAR_E_UNSUPPORTED,
                      "takes its candidates from the model's vectors: needs access to gradients");
    return SPAR_OK;
}

spar_status create(const spar_component *, const spar_host *host, const spar_params *params,
                   void **self, spar_error *error) {
    return guarded(error, [&] {
        WordSubstitution made;
        made.neighbours = integer(host, params, "/neighbours");
        for (std::int64_t i = 0; i < host->value_size(params, "/keep"); ++i) {
            const char *word = nullptr;
            const auto pointer = "/keep/" + std::to_string(i);
            checked(
                [&](spar_error *e) { return host->get_string(params, pointer.c_str(), &word, e); });
            made.keep.emplace_back(word);
        }
        *self = new WordSubstitution(std::move(made));
    });
}

constexpr spar_attack_table table{sizeof(spar_attack_table), 0, perturb, fits, nullptr};

}  // namespace

PLUGIN_ENTRY spar_plugin_entry_v1(const spar_host *, const spar_plugin **answer, spar_error *) {
    static const auto component = [] {
        auto c = described<WordSubstitution>(
            SPAR_KIND_ATTACK, "word_substitution",
            "Replaces the words that matter most by words with near vectors.",
            "Jin et al. 2020, https://arxiv.org/abs/1907.11932",
            R"({"type": "object", "additionalProperties": false, "properties": {
                "neighbours": {"type": "integer", "minimum": 1, "default": 20},
                "keep": {"type": "array", "items": {"type": "string"}, "default": []}}})",
            &table);
        c.create = create;
        return c;
    }();
    static const spar_component *const components[] = {&component};
    static const spar_plugin plugin{sizeof(spar_plugin), SPAR_ABI_MINOR,      5,       1,
                                    "attacks on texts",  "word_substitution", "1.0.0", components};
    *answer = &plugin;
    return SPAR_OK;
}
