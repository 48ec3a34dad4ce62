#include "texts.hpp"

#include <cmath>
#include <map>
#include <unordered_map>

namespace {

constexpr std::int64_t padding = 0, unknown = 1, first_word = 2;

using Words = std::vector<std::string>;

/// The numbers of words: the most frequent first, equally frequent ones in byte order.
class Vocabulary {
  public:
    Vocabulary() = default;
    Vocabulary(const std::vector<Words> &texts, std::int64_t min_count, std::int64_t most) {
        std::map<std::string, std::int64_t> counts;
        for (const Words &words : texts)
            for (const std::string &word : words) ++counts[word];
        std::vector<std::pair<std::string, std::int64_t>> order(counts.begin(), counts.end());
        std::stable_sort(order.begin(), order.end(),
                         [](const auto &a, const auto &b) { return a.second > b.second; });
        for (const auto &[word, count] : order)
            if (count >= min_count && size() < most) {
                ids_.emplace(word, size());
                words_.push_back(word);
            }
    }

    /// Including padding and the unknown word.
    std::int64_t size() const { return first_word + static_cast<std::int64_t>(ids_.size()); }
    std::int64_t id(const std::string &word) const {
        const auto found = ids_.find(word);
        return found == ids_.end() ? unknown : found->second;
    }
    /// The word of a number; empty if it has none.
    std::string word(std::int64_t id) const {
        if (id == padding) return "<padding>";
        if (id == unknown) return "<unknown>";
        return id > unknown && id < size() ? words_[static_cast<std::size_t>(id - first_word)] : "";
    }

  private:
    Words words_;
    std::unordered_map<std::string, std::int64_t> ids_;
};

class Tsv : public spar::Dataset {
  public:
    static constexpr spar::About about{
        .type = "tsv",
        .summary =
            "Labelled lines of text, a label, a tab or a space, and words: as token numbers "
            "with a mask, or as the set of words that occur.",
        .formula =
            "token 0 is padding, 1 an unknown word, then the words of the vocabulary file by "
            "falling frequency; longer texts are cut at max_length. As presence, value i is 1 "
            "where token i occurs, else 0",
        .example = R"({"version":2,"name":"tsv","seed":1,
 "data":{"train":{"type":"tsv","file":"train.tsv","form":"presence"},
         "test":{"type":"tsv","file":"dev.tsv","form":"presence","vocabulary_from":"train.tsv"}},
 "model":{"type":"sequential","layers":[{"type":"linear","out":2}]},
 "threat":{"norm":"l2","eps":0.5},
 "train":{"method":{"type":"natural"},"loss":{"type":"cross_entropy"},
          "optimizer":{"type":"adam"},"epochs":1,"batch_size":32},
 "evaluate":{"attacks":[{"type":"fgsm"}]}})",
        .version_1 = R"({"quotes": "\"text\""})",
    };

    spar::Path file{this, "file", "lines of a label, a tab or a space, and words"};
    spar::Path vocabulary_from{this,
                               "vocabulary_from",
                               "file whose words are counted, for a test set that of the training "
                               "set; left out, this file",
                               {.optional = true}};
    spar::Choice form{this,
                      "form",
                      "tokens, in their order and with a mask, or presence, one value 0 or 1 for "
                      "every token of the vocabulary",
                      {"tokens", "presence"},
                      {.fallback = "tokens"}};
    spar::Integer max_length{this,
                             "max_length",
                             "tokens of an example; longer texts are cut",
                             {.fallback = 64, .min = 1, .max = 65536}};
    spar::Integer min_count{
        this, "min_count", "rarer words are unknown", {.fallback = 1, .min = 1}};
    spar::Integer max_vocabulary{this,
                                 "max_vocabulary",
                                 "most tokens, padding and the unknown word included",
                                 {.fallback = 1000000, .min = 3, .max = 100000000}};
    spar::Boolean lower_case{this, "lower_case", "take A to Z as a to z", {.fallback = true}};
    spar::Choice quotes{this,
                        "quotes",
                        "what double quotes around a text are: csv, the marks of a CSV writer, "
                        "which are taken off; text, part of its words; auto, csv where all texts "
                        "or just those that need it are in quotes",
                        {"auto", "csv", "text"},
                        {.fallback = "auto"}};
    spar::Integer classes{this,
                          "classes",
                          "number of classes; left out, as many as the highest label needs",
                          {.min = 1, .max = datasets::most_classes, .optional = true}};
    spar::Integer first_label{
        this,
        "first_label",
        "the label of the first class, 1 where they are counted from 1; it becomes class 0",
        {.fallback = 0, .min = -datasets::most_classes, .max = datasets::most_classes}};

    spar::DatasetInfo info() override {
        if (words_.empty()) open();
        const std::int64_t size = labels_.size();
        if (form.is("presence"))
            return {.size = size, .shape = {vocabulary_.size()}, .outputs = labels_.classes()};
        return {.size = size,
                .shape = {*max_length},
                .outputs = labels_.classes(),
                .input = SPAR_INPUT_TOKENS,
                .vocabulary = vocabulary_.size()};
    }

    void read(std::int64_t index, const spar::ExampleOut &out) override {
        const Words &words = words_[static_cast<std::size_t>(index)];
        const std::size_t length = std::min(words.size(), static_cast<std::size_t>(*max_length));
        std::fill(out.x.begin(), out.x.end(), 0.0F);
        std::fill(out.tokens.begin(), out.tokens.end(), padding);
        std::fill(out.mask.begin(), out.mask.end(), 0.0F);
        for (std::size_t i = 0; i < length; ++i) {
            const std::int64_t id = vocabulary_.id(words[i]);
            if (out.tokens.empty()) {
                out.x[static_cast<std::size_t>(id)] = 1.0F;
            } else {
                out.tokens[i] = id;
                out.mask[i] = 1.0F;
            }
        }
        *out.label = labels_[index];
    }

    std::string token(std::int64_t index) const override { return vocabulary_.word(index); }

    std::vector<std::string> files() const override {
        if (!vocabulary_from.given() || *vocabulary_from == *file) return {*file};
        return {*file, *vocabulary_from};
    }

  private:
    void open() {
        const tsv::Reading reading{{*first_label, classes.value_or(0)}, *quotes, *lower_case};
        tsv::Texts texts = tsv::read_texts(*file, reading, *this);
        texts.labels.advise(*this, *file);
        advise_on_length(texts.words);
        vocabulary_ = vocabulary_from.given()
                          ? words_of(tsv::read_texts(*vocabulary_from, reading, *this).words)
                          : words_of(texts.words);
        labels_ = std::move(texts.labels);
        words_ = std::move(texts.words);
    }

    void advise_on_length(const std::vector<Words> &texts) const {
        std::size_t longest = 0;
        std::vector<std::int64_t> cut;
        for (std::size_t i = 0; i < texts.size(); ++i) {
            longest = std::max(longest, texts[i].size());
            if (texts[i].size() > static_cast<std::size_t>(*max_length))
                cut.push_back(static_cast<std::int64_t>(i));
        }
        if (cut.empty()) return;
        const auto share =
            100.0 * static_cast<double>(cut.size()) / static_cast<double>(texts.size());
        warn({.code = "texts_cut",
              .message = *file + ": " + std::to_string(cut.size()) + " of " +
                         std::to_string(texts.size()) + " texts (" +
                         spar::json_number(std::round(10 * share) / 10) +
                         " %) are cut at max_length " + std::to_string(*max_length) +
                         "; the longest has " + std::to_string(longest) + " tokens",
              .pointer = "/max_length",
              .count = static_cast<std::int64_t>(cut.size()),
              .examples = std::move(cut)});
    }

    Vocabulary words_of(const std::vector<Words> &texts) const {
        return {texts, *min_count, *max_vocabulary};
    }

    datasets::Labels labels_;
    std::vector<Words> words_;
    Vocabulary vocabulary_;
};

}  // namespace

SPAR_PLUGIN("tsv", "1.0.0", Tsv)
