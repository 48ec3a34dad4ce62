#include "normal.hpp"
#include "pieces.hpp"

namespace {

using tokenizers::Tokens, tokenizers::WordSpan, wordpiece::Word;

class WordPiece : public spar::Tokenizer {
  public:
    static constexpr spar::About about{
        .type = "wordpiece",
        .summary = "BERT's tokens: words in the longest pieces that a given vocabulary has.",
        .formula =
            "[CLS] text [SEP], or [CLS] text [SEP] text [SEP] for a pair. A word of which some "
            "piece is not in the vocabulary is [UNK], as is one that is too long. What a text says "
            "of [SEP] and the like are words, not these tokens",
        .reference = "Devlin, Chang, Lee and Toutanova 2019, BERT",
        .example = R"({"version":2,"name":"wordpiece","seed":1,
 "data":{"tokenizer":{"type":"wordpiece","file":"vocab.txt"},"max_length":32,
         "train":{"type":"text","file":"train.tsv"},
         "test":{"type":"text","file":"dev.tsv"}},
 "model":{"type":"sequential","layers":[{"type":"embedding","dim":8},{"type":"mean_pool"},
                                        {"type":"linear","out":2}]},
 "threat":{"norm":"l2","eps":0.5,"space":"embedding"},
 "train":{"method":{"type":"natural"},"loss":{"type":"cross_entropy"},
          "optimizer":{"type":"adam"},"epochs":1,"batch_size":32},
 "evaluate":{"attacks":[{"type":"fgm"}]}})",
    };

    spar::Path file{this,
                    "file",
                    "BERT's vocab.txt, a token a line, the first token 0; left out, the weights "
                    "carry the vocabulary",
                    {.optional = true}};
    spar::Boolean lower_case{this,
                             "lower_case",
                             "take capitals as small letters: true for an uncased vocabulary, "
                             "false for a cased one",
                             {.fallback = true}};
    spar::Choice strip_accents{this,
                               "strip_accents",
                               "read letters without their accents; auto, if lower_case is true",
                               {"auto", "yes", "no"},
                               {.fallback = "auto"}};
    spar::Boolean chinese{
        this, "chinese", "take each ideograph as a word by itself", {.fallback = true}};
    spar::Integer max_characters_per_word{this,
                                          "max_characters_per_word",
                                          "longer words are [UNK]",
                                          {.fallback = 100, .min = 1, .max = 1000000}};

    void configure() override {
        rules_ = {*lower_case, strip_accents.is("auto") ? *lower_case : strip_accents.is("yes"),
                  *chinese};
        if (!file.given()) return;
        take(tokenizers::read_lines(*file));
        for (const char *name : specials)
            if (tokens_.id(name) < 0)
                throw spar::bad_data(*file + ": has no line \"" + name +
                                     "\", expected BERT's vocab.txt");
        advise_on_capitals();
    }

    bool ready() const override { return tokens_.size() > 0; }
    spar::TokenizerInfo info() const override {
        return {tokens_.size(), padding_, unknown_, separator_};
    }
    void learn(const Texts &) override {
        throw spar::invalid(
            "there is no vocabulary: it is not learned, and no weights carry one; \"file\" names "
            "BERT's vocab.txt",
            "/file");
    }

    std::vector<spar::Token> encode(std::string_view text) const override {
        std::vector<spar::Token> tokens{{class_, -1}};
        std::int32_t count = 0;
        std::vector<std::int64_t> ids;
        wordpiece::divide(
            text, rules_,
            [&](const Word &word) {
                ids.clear();
                pieces_of(word, ids);
                for (const std::int64_t id : ids) tokens.push_back({id, count});
                ++count;
            },
            [&] {
                tokens.push_back({separator_, -1});
            });
        tokens.push_back({separator_, -1});
        return tokens;
    }

    std::vector<WordSpan> words(std::string_view text) const override {
        std::vector<WordSpan> spans;
        wordpiece::divide(
            text, rules_, [&](const Word &word) { spans.push_back(word.span); }, [] {});
        return spans;
    }

    std::string decode(std::span<const std::int64_t> ids) const override {
        std::string text;
        bool separated = false, joined = true;  // by a separator; with what precedes
        for (const std::int64_t id : ids) {
            const std::string *token = tokens_.token(id);
            if (token == nullptr || id == padding_ || id == class_) continue;
            if (id == separator_) {  // the last one stands for no text
                separated = true;
                continue;
            }
            const bool inside = token->starts_with("##") && token->size() > 2;
            if (separated) text += SPAR_TEXT_SEPARATOR;
            if (!separated && !joined && !inside) text += ' ';
            text += inside ? token->substr(2) : *token;
            separated = joined = false;
        }
        return text;
    }

    const std::string *token(std::int64_t id) const override { return tokens_.token(id); }
    const std::string *word(std::int64_t id) const override {
        return id >= 0 && id < tokens_.size() && alone_[static_cast<std::size_t>(id)]
                   ? tokens_.token(id)
                   : nullptr;
    }

    void save(const spar::StateOut &out) const {
        out.write(std::span<const char>(mark));
        for (const bool rule : {rules_.lower_case, rules_.strip_accents, rules_.chinese})
            out.write(std::int64_t{rule});
        out.write(*max_characters_per_word);
        tokens_.save(out);
    }
    void load(const spar::StateIn &in) {
        tokenizers::check_mark(in, mark);
        tokenizers::check_setting(in, "lower_case", rules_.lower_case);
        tokenizers::check_setting(in, "strip_accents", rules_.strip_accents, {"\"no\"", "\"yes\""});
        tokenizers::check_setting(in, "chinese", rules_.chinese);
        tokenizers::check_setting(in, "max_characters_per_word", *max_characters_per_word, {});
        std::vector<std::string> tokens = Tokens::load(in);
        for (const char *name : specials)
            if (std::find(tokens.begin(), tokens.end(), name) == tokens.end())
                throw spar::bad_data(std::string("the saved vocabulary is damaged: it has no ") +
                                     name);
        if (file.given()) tokenizers::check_same(tokens, tokens_.all(), *file, "/file");
        take(std::move(tokens));
    }

  private:
    static constexpr std::string_view mark = "spar wordpiece 1\n";
    static constexpr const char *specials[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]"};

    void take(std::vector<std::string> tokens) {
        tokens_ = Tokens(std::move(tokens));
        pieces_ = wordpiece::Pieces(tokens_);
        padding_ = tokens_.id(specials[0]);
        unknown_ = tokens_.id(specials[1]);
        class_ = tokens_.id(specials[2]);
        separator_ = tokens_.id(specials[3]);
        alone_.clear();
        for (std::int64_t id = 0; id < tokens_.size(); ++id) alone_.push_back(stands_alone(id));
    }

    /// Whether a text that is this token becomes it, as a whole word.
    bool stands_alone(std::int64_t id) const {
        const std::string &text = *tokens_.token(id);
        std::vector<std::int64_t> ids;
        std::size_t words = 0;
        wordpiece::divide(
            text, rules_,
            [&](const Word &word) {
                if (++words == 1 && word.span.of(text) == text) pieces_of(word, ids);
            },
            [&] { ++words; });
        return words == 1 && ids.size() == 1 && ids[0] == id;
    }

    void pieces_of(const Word &word, std::vector<std::int64_t> &ids) const {
        if (word.letters.empty()) return;
        if (std::cmp_greater(word.letters.size(), *max_characters_per_word) ||
            !pieces_.split(tokens_, word.letters, ids))
            ids.push_back(unknown_);
    }

    void advise_on_capitals() const {
        std::int64_t capitals = 0;
        for (const std::string &token : tokens_.all())
            capitals +=
                !token.starts_with('[') && std::any_of(token.begin(), token.end(),
                                                       [](char c) { return c >= 'A' && c <= 'Z'; })
                    ? 1
                    : 0;
        const bool cased = capitals > tokens_.size() / 20;
        if (cased != *lower_case || (capitals > 0 && !cased)) return;
        warn({.code = "capitals_of_vocabulary",
              .message = *file + (cased ? ": " + std::to_string(capitals) + " of " +
                                              std::to_string(tokens_.size()) +
                                              " tokens have capitals, which no text has with "
                                              "\"lower_case\": true"
                                        : ": no token has capitals, so that words with capitals "
                                          "are unknown"),
              .remedy = std::string("say \"lower_case\": ") + (cased ? "false" : "true"),
              .pointer = "/lower_case",
              .count = capitals});
    }

    wordpiece::Rules rules_;
    Tokens tokens_;
    wordpiece::Pieces pieces_;
    std::int64_t padding_ = 0, unknown_ = 0, class_ = 0, separator_ = 0;
    std::vector<bool> alone_;  // by token: whether it stands for a whole word
};

}  // namespace

SPAR_PLUGIN("wordpiece", "1.0.0", WordPiece)
