// An attack on texts that proposes what it may not.
#include <spar/attack.hpp>

namespace {

class Wordy final : public spar::Attack {
  public:
    static constexpr spar::About about{.type = "wordy",
                                       .summary = "Proposes texts that are outside the threat."};

    spar::Choice how{
        this,
        "how",
        "what it does",
        {"nothing", "too_many_edits", "within", "broken_utf8", "separator", "null", "another_row",
         "limits", "strange_token", "long_row", "past_the_end", "tape", "values", "throws"},
        {}};

    spar::Fit fit() const override { return spar::Fit::texts(); }

    void perturb(const spar::Oracle &oracle, const spar::AttackBatch &batch) override {
        const spar_attack_batch &raw = batch.raw();
        if (how.is("limits"))
            for (std::int64_t i = 0; i < batch.count(); ++i)
                const_cast<std::int64_t *>(raw.limits)[i] = 1000;
        if (how.is("past_the_end") && batch.count() > 0)
            const_cast<std::int64_t *>(raw.tokens->tokens)[batch.count() * raw.tokens->length] = 3;
        for (std::int64_t row = 0; row < batch.count(); ++row) {
            const std::string clean = batch.text(row);
            if (how.is("within")) oracle.propose(row, clean + " x");
            if (how.is("too_many_edits") || how.is("limits")) {
                oracle.propose(row, clean + " y");
                oracle.propose(row, "x y z u v w p q r s t");
            }
            if (how.is("broken_utf8")) oracle.propose(row, clean + "\xFF");
            if (how.is("separator")) oracle.propose(row, clean + SPAR_TEXT_SEPARATOR);
            if (how.is("null"))
                spar::checked([&](spar_error *e) {
                    return oracle.raw()->propose(oracle.raw(), row, nullptr, e);
                });
            if (how.is("another_row")) oracle.propose(batch.count() + row, clean);
            if (how.is("throws")) throw spar::invalid("no reason");
            query(oracle, batch, row);
        }
    }

  private:
    void query(const spar::Oracle &oracle, const spar::AttackBatch &batch, std::int64_t row) const {
        std::vector<std::int64_t> tokens(static_cast<std::size_t>(batch.token_room() + 1), 3);
        std::int64_t length = 1;
        if (how.is("strange_token")) tokens[0] = 1 << 20;
        if (how.is("long_row")) length = batch.token_room() + 1;
        const spar_tokens texts{sizeof texts, 0, batch.token_room() + 1, tokens.data(), &length};
        std::vector<float> outputs(static_cast<std::size_t>(oracle.outputs()));
        const float x = 0;
        const bool values = how.is("values");
        oracle.evaluate({.x = values ? &x : nullptr,
                         .count = 1,
                         .rows = &row,
                         .outputs = outputs.data(),
                         .tape = how.is("tape") ? 1 : 0,
                         .tokens = values ? nullptr : &texts});
    }
};

}  // namespace

SPAR_PLUGIN("wordy", "1.0.0", Wordy)
