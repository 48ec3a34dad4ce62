// Texts under attack, and a model of them that can be computed by hand: outputs (-s, s), s the sum
// of a number for each token, which is its vector times a fixed one.
#pragma once

#include "plugin_loader.hpp"

#include "engine/texts.hpp"

#include <spar/attack.hpp>

#include <functional>

namespace spar::test {

using Strings = std::vector<std::string>;

struct WordProblem {
    Strings texts;
    std::vector<std::int64_t> labels, ids, targets;
    double eps = 2;
    std::int64_t budget = 0;
    std::uint64_t key = 5;
    spar_purpose purpose = SPAR_PURPOSE_EVALUATE;

    std::int64_t count() const { return std::ssize(texts); }
    spar_threat threat() const {
        spar_threat threat{};
        threat.struct_size = sizeof threat;
        threat.norm = SPAR_NORM_L0;
        threat.eps = eps;
        threat.lower = -std::numeric_limits<double>::infinity();
        threat.upper = std::numeric_limits<double>::infinity();
        threat.space = SPAR_SPACE_TOKENS;
        threat.group = SPAR_GROUP_WORD;
        threat.targeted = targets.empty() ? 0 : 1;
        threat.query_budget = budget;
        return threat;
    }
    WordProblem part(std::int64_t begin, std::int64_t end) const {
        WordProblem some = *this;
        const auto cut = [&](auto &all) {
            if (!all.empty()) all = {all.begin() + begin, all.begin() + end};
        };
        cut(some.texts), cut(some.labels), cut(some.ids), cut(some.targets);
        return some;
    }
};

/// What an attack made of a problem.
struct AttackedWords {
    spar_status status = SPAR_OK;
    std::string message;
    Strings texts;
    std::vector<std::int64_t> edited, queries;
    std::int64_t calls = 0, refused = 0;  // of the oracle; proposals

    bool operator==(const AttackedWords &o) const {
        return status == o.status && texts == o.texts && queries == o.queries;
    }
};

class WordOracle {
  public:
    static constexpr std::int64_t width = 4, room = 24;

    /// The tokenizer learns the vocabulary; `value` is what each word counts.
    WordOracle(const std::string &tokenizer, const Strings &vocabulary,
               std::function<double(const std::string &)> value)
        : made_(SPAR_KIND_TOKENIZER, tokenizer), tokenizer_(made_.take()) {
        tokenizer_.learn(std::ssize(vocabulary),
                         [&](std::int64_t i) { return vocabulary[static_cast<std::size_t>(i)]; });
        for (std::int64_t t = 0; t < tokenizer_.info().vocabulary; ++t) {
            const std::string text = tokenizer_.token(t);
            values_.push_back(value(text));
        }
    }

    const host::Tokenizer &tokenizer() const { return tokenizer_; }
    TokenizerRef ref() const { return TokenizerRef(tokenizer().instance().ref()); }
    /// A vector whose product with `slope` is the token's value; the rest says nothing of it.
    std::array<double, width> vector(std::int64_t token) const {
        const double v = values_[static_cast<std::size_t>(token)];
        Random noise(9, token);
        std::array<double, width> all{};
        for (std::size_t i = 1; i < all.size(); ++i) all[i] = noise.normal(std::int64_t(i));
        all[0] = (v - all[1]) / 2;
        return all;
    }
    static constexpr std::array<double, width> slope{2, 1, 0, 0};

    double sum(const std::string &text) const {
        host::Tokenizer::Encoded encoded;
        tokenizer().encode(text, room, encoded);
        double s = bias;
        for (const std::int64_t token : encoded.tokens) s += values_[std::size_t(token)];
        return s;
    }
    double bias = 0;

    /// Called before every query is answered, with the number of queries before it.
    std::function<void(std::int64_t)> watch = [](std::int64_t) {};
    double fault = 0;  // added to every output and gradient

    AttackedWords attack(const host::Instance &instance, const WordProblem &p) {
        host::AttackedTexts texts(nullptr, tokenizer(), room);
        texts.take(p.texts, p.eps);
        problem_ = &p;
        texts_ = &texts;
        result_ = {};
        result_.queries.assign(p.texts.size(), 0);
        const spar_threat threat = p.threat();
        spar_attack_batch batch{};
        batch.struct_size = sizeof batch;
        batch.purpose = p.purpose;
        batch.count = p.count();
        batch.labels = p.labels.data();
        batch.targets = p.targets.empty() ? nullptr : p.targets.data();
        batch.ids = p.ids.data();
        batch.key = p.key;
        batch.threat = &threat;
        texts.show(batch);
        const spar_oracle oracle = table();
        spar_error error = empty_error();
        instance.call("perturb", [&](spar_error *) {
            result_.status = instance.table<spar_attack_table>().perturb(instance.self(), &oracle,
                                                                         &batch, &error);
            return SPAR_OK;
        });
        result_.message = error.message;
        for (std::int64_t row = 0; row < p.count(); ++row) {
            result_.texts.push_back(texts.text(row));
            result_.edited.push_back(texts.edited(row));
        }
        return result_;
    }

  private:
    spar_oracle table() {
        spar_oracle o{};
        o.struct_size = sizeof o;
        o.gradients = 1;
        o.handle = this;
        o.outputs = 2;
        o.width = width;
        o.evaluate = [](const spar_oracle *self, const spar_query *query, spar_error *error) {
            return guarded(error, [&] { of(self).evaluate(*query); });
        };
        o.vectors = [](const spar_oracle *self, std::int64_t count, const std::int64_t *tokens,
                       float *out, spar_error *error) {
            return guarded(error, [&] {
                for (std::int64_t i = 0; i < count; ++i)
                    for (const double value : of(self).vector(tokens[i]))
                        *out++ = static_cast<float>(value);
            });
        };
        o.propose = [](const spar_oracle *self, std::int64_t row, const char *text,
                       spar_error *error) {
            const spar_status status = guarded(error, [&] { of(self).texts_->propose(row, text); });
            if (status != SPAR_OK) ++of(self).result_.refused;
            return status;
        };
        o.cancelled = [](const spar_oracle *) { return 0; };
        o.note = [](const spar_oracle *, std::int64_t, const char *, double) {};
        o.stage = [](const spar_oracle *, const char *) {};
        return o;
    }
    static WordOracle &of(const spar_oracle *o) { return *static_cast<WordOracle *>(o->handle); }

    void evaluate(const spar_query &q) {
        watch(result_.calls++);
        CHECK(q.x == nullptr);
        for (std::int64_t i = 0; i < q.count; ++i) {
            const std::int64_t row = q.rows != nullptr ? q.rows[i] : i;
            const auto at = static_cast<std::size_t>(row);
            if (problem_->budget > 0 && result_.queries[at] >= problem_->budget)
                throw Error(SPAR_E_BUDGET, "the budget is spent");
            ++result_.queries[at];
            double s = bias + fault;
            REQUIRE(q.tokens->lengths[i] <= q.tokens->length);
            for (std::int64_t k = 0; k < q.tokens->lengths[i]; ++k)
                s += values_.at(std::size_t(q.tokens->tokens[i * q.tokens->length + k]));
            if (q.outputs != nullptr) {
                q.outputs[2 * i] = static_cast<float>(-s);
                q.outputs[2 * i + 1] = static_cast<float>(s);
            }
            const bool aimed = problem_->threat().targeted != 0;
            const double sign = (aimed ? problem_->targets : problem_->labels)[at] == 1 ? 1 : -1;
            const double up = aimed ? -1 : 1;  // the loss grows towards success
            if (q.loss_values != nullptr)
                q.loss_values[i] = static_cast<float>(up * std::log1p(std::exp(-2 * sign * s)));
            if (q.gradient == nullptr) continue;
            const double ds = up * -2 * sign / (1 + std::exp(2 * sign * s));
            float *out = q.gradient + i * q.tokens->length * width;
            std::fill_n(out, q.tokens->length * width, 0.0F);
            for (std::int64_t k = 0; k < q.tokens->lengths[i] * width; ++k)
                out[k] = static_cast<float>(ds * slope[std::size_t(k % width)] + fault);
        }
    }

    Made made_;  // its node
    host::Tokenizer tokenizer_;
    std::vector<double> values_;
    const WordProblem *problem_ = nullptr;
    host::AttackedTexts *texts_ = nullptr;
    AttackedWords result_;
};

}  // namespace spar::test
