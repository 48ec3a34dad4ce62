#include "../common/stop_words.hpp"
#include "candidates.hpp"

#include <spar/kit/victim.hpp>

#include <optional>

namespace {

using spar::Victim;
using Answers = std::vector<Victim::Answer>;

class WordSubstitution final : public spar::Attack {
  public:
    static constexpr spar::About about{
        .type = "word_substitution",
        .summary =
            "Replaces words of a text, the ones that matter most first, by words with near "
            "vectors or by synonyms from a file, until the model errs.",
        .formula =
            "textfooler: words by I_i = p(x) - p(x without w_i), plus what the other class gains "
            "if it changes; each is replaced by the nearest candidate with which the model errs, "
            "or else by the one with the least p. pwws: words by softmax(S)_i D_i, S_i = p(x) - "
            "p(x with w_i unknown), D_i = p(x) - min p(x with a candidate for w_i), each replaced "
            "by that candidate. p is the probability of the right class, with a target 1 less "
            "that of the target",
        .reference =
            "Jin, Jin, Zhou, Szolovits 2020, Is BERT really robust?, arXiv:1907.11932 "
            "(TextFooler); Ren, Deng, He, Che 2019, Generating natural language adversarial "
            "examples through probability weighted word saliency, ACL 2019 (PWWS). Both also ask "
            "models for parts of speech, and TextFooler one for the similarity of sentences, "
            "which are not used here",
        .example = R"({"version":2,"name":"word-substitution","seed":1,
 "data":{"tokenizer":{"type":"words"},"max_length":16,
         "train":{"type":"text","file":"train.tsv"},"test":{"type":"text","file":"dev.tsv"}},
 "model":{"type":"sequential","layers":[{"type":"embedding","dim":8},{"type":"mean_pool"},
                                        {"type":"linear","out":2}]},
 "threat":{"space":"tokens","norm":"l0","eps":0.4},
 "train":{"method":{"type":"natural"},"loss":{"type":"cross_entropy"},
          "optimizer":{"type":"adam"},"epochs":1,"batch_size":32},
 "evaluate":{"attacks":[{"type":"word_substitution","min_cosine":0}]}})",
    };

    spar::Choice recipe{this,
                        "recipe",
                        "textfooler: word by word, candidates tried on what the text has become; "
                        "pwws: order and replacements found on the clean text",
                        {"textfooler", "pwws"},
                        {.fallback = "textfooler"}};
    spar::Choice importance{this,
                            "importance",
                            "of a word for textfooler: deletion, of the text without it; unknown, "
                            "with a word in its place that the vocabulary lacks",
                            {"deletion", "unknown"},
                            {.fallback = "deletion"}};
    spar::Integer neighbours{this,
                             "neighbours",
                             "most candidates for a word by their vectors",
                             {.fallback = 50, .min = 1, .max = 10000}};
    spar::Number min_cosine{this,
                            "min_cosine",
                            "least cosine between the vectors of a word and of a candidate. The "
                            "vectors are the model's own: few words of a model trained from "
                            "scratch are so near to each other; -1: any word",
                            {.fallback = 0.5, .min = -1, .max = 1}};
    spar::Path synonyms{this,
                        "synonyms",
                        "a file of candidates instead: on each line a word and what may replace "
                        "it, divided by white space; # begins a comment",
                        {.optional = true}};
    attacks::StopWords stop_words{this};

    void configure() override {
        stop_words.read();
        if (synonyms.given()) listed_.emplace(*synonyms);
    }
    spar::Fit fit() const override { return spar::Fit::texts(); }

    void perturb(const spar::Oracle &oracle, const spar::AttackBatch &batch) override {
        if (!listed_ && oracle.width() == 0)
            throw spar::Error(SPAR_E_UNSUPPORTED,
                              "takes candidates by the model's vectors, and it gives none: name a "
                              "file of \"synonyms\"");
        if (batch.count() == 0) return;
        std::optional<substitution::Neighbours> near;
        if (!listed_) near.emplace(oracle, batch.tokenizer(), *neighbours, *min_cosine);
        attacks::for_each_example(batch, [&](std::int64_t row) {
            Victim victim(oracle, batch, row);
            const Answers clean = victim.ask(victim.clean());
            if (clean.empty() || clean[0].reached || victim.limit() < 1) return;
            const auto candidates = candidates_of(victim, near ? &*near : nullptr);
            if (recipe.is("pwws"))
                pwws(victim, clean[0], candidates);
            else
                textfooler(victim, clean[0], candidates);
        });
    }

  private:
    using Candidates = std::vector<std::vector<std::string>>;  // of each word

    Candidates candidates_of(const Victim &victim, substitution::Neighbours *near) const {
        const spar::WordedText text = victim.words();
        const std::vector<spar::Token> tokens = victim.encode(victim.clean());
        const auto places = attacks::places_of_words(tokens, text.size());
        Candidates all(text.size());
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (places[i].empty() || stop_words.contains(text[i])) continue;
            std::vector<std::int64_t> own;
            for (const std::size_t place : places[i]) own.push_back(tokens[place].id);
            for (const std::string &other : listed_ ? listed_->of(text[i]) : near->of(text[i], own))
                if (std::string word = substitution::in_case_of(text[i], other); word != text[i])
                    all[i].push_back(std::move(word));
        }
        return all;
    }

    /// Texts that each lack one word, or have it unknown; for words with candidates only.
    static std::vector<Victim::Tokens> without_each(const Victim &victim,
                                                    const Candidates &candidates, bool deleted) {
        const spar::WordedText text = victim.words();
        const Victim::Tokens clean = victim.encode(victim.clean());
        const std::int64_t unknown = victim.tokenizer().info().unknown;
        std::vector<Victim::Tokens> all;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (candidates[i].empty()) continue;
            all.push_back(
                deleted ? victim.encode(text.without(i))
                        : attacks::with_unknown(clean, static_cast<std::int32_t>(i), unknown));
        }
        return all;
    }

    /// Words with candidates, the most important first.
    static std::vector<std::size_t> by(const std::vector<double> &importance,
                                       const Candidates &candidates) {
        std::vector<std::size_t> order;
        for (std::size_t i = 0; i < candidates.size(); ++i)
            if (!candidates[i].empty() && order.size() < importance.size()) order.push_back(i);
        std::vector<std::size_t> ranks(order.size());
        std::iota(ranks.begin(), ranks.end(), std::size_t{0});
        std::stable_sort(ranks.begin(), ranks.end(), [&](std::size_t a, std::size_t b) {
            return importance[a] > importance[b];
        });
        for (std::size_t &rank : ranks) rank = order[rank];
        return ranks;
    }

    void textfooler(Victim &victim, const Victim::Answer &clean,
                    const Candidates &candidates) const {
        std::vector<double> matters;
        for (const Victim::Answer &answer :
             victim.ask(without_each(victim, candidates, importance.is("deletion")))) {
            double value = answer.score - clean.score;
            const std::size_t other = answer.choice();
            if (!victim.targeted() && other != clean.choice())
                value += answer.probabilities[other] - clean.probabilities[other];
            matters.push_back(value);
        }
        spar::WordedText text = victim.words();
        double score = clean.score;
        for (const std::size_t at : by(matters, candidates)) {
            std::vector<std::string> words, texts;
            for (const std::string &word : candidates[at])
                if (std::string with = text.with(at, word); victim.allowed(with)) {
                    words.push_back(word);
                    texts.push_back(std::move(with));
                }
            const Answers answers = victim.ask(texts);
            if (answers.empty()) continue;  // no edit is left for this word, or no query
            std::size_t best = 0;
            for (std::size_t i = 1; i < answers.size() && !answers[best].reached; ++i)
                if (answers[i].reached || answers[i].score > answers[best].score) best = i;
            if (!answers[best].reached && !(answers[best].score > score)) continue;
            text.set(at, words[best]);
            score = answers[best].score;
            victim.propose(texts[best]);
            if (answers[best].reached) return;
        }
    }

    static void pwws(Victim &victim, const Victim::Answer &clean, const Candidates &candidates) {
        std::vector<double> saliency;
        for (const Victim::Answer &answer : victim.ask(without_each(victim, candidates, false)))
            saliency.push_back(answer.score - clean.score);
        const double largest =
            saliency.empty() ? 0 : *std::max_element(saliency.begin(), saliency.end());
        double total = 0;
        for (double &value : saliency) total += value = std::exp(value - largest);

        spar::WordedText text = victim.words();
        std::vector<std::string> best(candidates.size());
        std::vector<double> weight;
        for (std::size_t i = 0; i < candidates.size() && weight.size() < saliency.size(); ++i) {
            if (candidates[i].empty()) continue;
            std::vector<std::string> texts;
            for (const std::string &word : candidates[i]) texts.push_back(text.with(i, word));
            const Answers answers = victim.ask(texts);
            if (answers.empty()) break;
            std::size_t chosen = 0;
            for (std::size_t k = 1; k < answers.size(); ++k)
                if (answers[k].score > answers[chosen].score) chosen = k;
            best[i] = candidates[i][chosen];
            weight.push_back(saliency[weight.size()] / total *
                             (answers[chosen].score - clean.score));
        }
        double score = clean.score;
        for (const std::size_t at : by(weight, candidates)) {
            const std::string with = text.with(at, best[at]);
            if (!victim.allowed(with)) continue;
            const Answers answers = victim.ask(with);
            if (answers.empty()) return;
            text.set(at, best[at]);
            if (answers[0].reached || answers[0].score > score) {
                score = answers[0].score;
                victim.propose(with);
            }
            if (answers[0].reached) return;
        }
    }

    std::optional<substitution::Synonyms> listed_;
};

}  // namespace

SPAR_PLUGIN("word_substitution", "1.0.0", WordSubstitution)
