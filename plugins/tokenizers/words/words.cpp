#include "../common/learned.hpp"

namespace {

using tokenizers::WordSpan;

class Words : public tokenizers::Learned {
  public:
    static constexpr spar::About about{
        .type = "words",
        .summary = "Every word that the training texts, or a file, contain is a token.",
        .formula =
            "token 0 is <padding>, 1 <unknown>, any word outside the vocabulary, 2 "
            "<separator>, between the texts of a pair; then the words by falling frequency, "
            "equally frequent ones in the order of their bytes",
        .example = R"({"version":2,"name":"words","seed":1,
 "data":{"tokenizer":{"type":"words","min_count":2},"max_length":32,
         "train":{"type":"text","file":"train.tsv"},
         "test":{"type":"text","file":"dev.tsv"}},
 "model":{"type":"sequential","layers":[{"type":"embedding","dim":8},{"type":"mean_pool"},
                                        {"type":"linear","out":2}]},
 "threat":{"norm":"l2","eps":0.5,"space":"embedding"},
 "train":{"method":{"type":"natural"},"loss":{"type":"cross_entropy"},
          "optimizer":{"type":"adam"},"epochs":1,"batch_size":32},
 "evaluate":{"attacks":[{"type":"fgm"}]}})",
    };

    spar::Path vocabulary{this,
                          "vocabulary",
                          "a vocabulary, a word a line, the first token 3; left out, the training "
                          "texts' words are counted",
                          {.optional = true}};

    void configure() override {
        if (!vocabulary.given()) return;
        listed_ = tokenizers::read_lines(*vocabulary);
        std::erase_if(listed_, [](const std::string &word) {
            return std::find(std::begin(names), std::end(names), word) != std::end(names);
        });
        check_list();
        take(listed_);
    }

  private:
    std::vector<Unit> units(std::string_view text) const override {
        std::vector<Unit> all;
        std::int32_t count = 0;
        tokenizers::split(
            text, punctuation.is("apart"),
            [&](WordSpan word) {
                all.push_back({*lower_case ? tokenizers::lower_case(word.of(text))
                                           : std::string(word.of(text)),
                               count++});
            },
            [&] {
                all.push_back({"", -1});
            });
        return all;
    }
    std::string_view between() const override { return " "; }

    void check_list() const {
        tokenizers::ByText<std::size_t> places;
        std::int64_t unreachable = 0;
        std::string first_one;
        for (const std::string &word : listed_) {
            if (word.empty())
                throw spar::bad_data(*vocabulary + ": has an empty line among its words");
            if (!places.emplace(word, places.size()).second)
                throw spar::bad_data(*vocabulary + ": lists \"" + word + "\" twice");
            if (!stands_alone(word) && unreachable++ == 0) first_one = word;
        }
        if (listed_.empty()) throw spar::bad_data(*vocabulary + ": holds no words");
        if (unreachable > 0)
            warn({.code = "unreachable_words",
                  .message = *vocabulary + ": " + std::to_string(unreachable) + " of " +
                             std::to_string(listed_.size()) + " words, \"" + first_one +
                             "\" first, are never found in a text as it is divided here",
                  .remedy = "\"lower_case\": false, if the list distinguishes capitals; "
                            "\"punctuation\": \"attached\", if its words contain marks",
                  .pointer = "/vocabulary",
                  .count = unreachable});
    }

    void check_loaded(const std::vector<std::string> &tokens) const override {
        if (vocabulary.given())
            tokenizers::check_same(tokens, known().all(), *vocabulary, "/vocabulary");
    }

    std::vector<std::string> listed_;
};

}  // namespace

SPAR_PLUGIN("words", "1.0.0", Words)
