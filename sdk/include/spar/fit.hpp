// Which threat models an attack or a method works under: declared, so that others are refused when
// a pipeline is checked.
#pragma once

#include <spar/norms.hpp>

#include <initializer_list>
#include <string>

namespace SPAR_HIDDEN spar {

/// A set of norms: {SPAR_NORM_L2, SPAR_NORM_L1}.
class NormSet {
  public:
    constexpr NormSet(std::initializer_list<spar_norm> norms) {
        for (const spar_norm norm : norms) bits_ |= 1U << static_cast<unsigned>(norm);
    }
    constexpr bool contains(spar_norm norm) const {
        return norm >= 0 && norm < 32 && (bits_ >> static_cast<unsigned>(norm) & 1U) != 0;
    }
    template <class... Norm>
    explicit constexpr NormSet(norms::List<Norm...>) : NormSet({Norm::value...}) {}
    /// "linf, l1 and l2"
    std::string words() const {
        std::string text;
        for (spar_norm norm = 0, left = count(); norm < 32; ++norm) {
            if (!contains(norm)) continue;
            text += std::string(norms::word(norm)) + (--left > 1 ? ", " : left == 1 ? " and " : "");
        }
        return text;
    }

  private:
    spar_norm count() const {
        spar_norm number = 0;
        for (spar_norm norm = 0; norm < 32; ++norm) number += contains(norm) ? 1 : 0;
        return number;
    }
    std::uint32_t bits_ = 0;
};

/// What Attack::fit() and Method::fit() return: the threats under which a component works. The
/// default is what minor 1 of the contract knew; a component that takes more says so.
struct Fit {
    /// Which perturb values (inputs, vectors, a parameter, a site), words of texts, or either.
    enum class Of { values, words, both };

    NormSet norms{SPAR_NORM_LINF, SPAR_NORM_L2, SPAR_NORM_L1};
    bool pixels = false;  /// also if whole pixels count as one
    bool tokens = false;  /// also if every token has a ball of its own
    Of of = Of::values;

    /// Every norm and group: for components that do not use them themselves.
    static Fit any() { return {NormSet(norms::All()), true, true}; }
    /// The same, where texts are attacked too: for components that take such batches, see
    /// Session::texts.
    static Fit anything() { return {NormSet(norms::All()), true, true, Of::both}; }
    /// The space of tokens alone: for attacks that edit words.
    static Fit texts() { return {.norms{SPAR_NORM_L0}, .of = Of::words}; }

    /// Throws if the threat is not among them.
    void require(const spar_threat &threat) const {
        require_space(threat.space);
        const char *word = norms::word(threat.norm);  // throws for a number that is not a norm
        if (!norms.contains(threat.norm))
            throw Error(SPAR_E_UNSUPPORTED, std::string("works under the norms ") + norms.words() +
                                                ", and the threat's norm is " + word);
        switch (threat.group) {
            case SPAR_GROUP_NONE:
                return;
            case SPAR_GROUP_PIXEL:
                if (pixels) return;
                throw Error(SPAR_E_UNSUPPORTED,
                            "changes single values, and the threat counts whole pixels");
            case SPAR_GROUP_TOKEN:
                if (tokens) return;
                throw Error(
                    SPAR_E_UNSUPPORTED,
                    "perturbs an example inside one ball, and the threat gives every token a "
                    "ball of its own");
            case SPAR_GROUP_WORD:
                if (threat.space == SPAR_SPACE_TOKENS) return;
                throw Error(SPAR_E_UNSUPPORTED, "the threat counts words, which only texts have");
            default:
                throw Error(SPAR_E_UNSUPPORTED,
                            "the threat has groups of a kind that this program does not know: " +
                                std::to_string(threat.group));
        }
    }

  private:
    void require_space(spar_space space) const {
        switch (space) {
            case SPAR_SPACE_INPUT:
            case SPAR_SPACE_EMBEDDING:
            case SPAR_SPACE_PARAMETER:
            case SPAR_SPACE_SITE:
                if (of != Of::words) return;
                throw Error(SPAR_E_UNSUPPORTED,
                            "edits the words of texts, and the threat perturbs values: needs "
                            "\"space\": \"tokens\"");
            case SPAR_SPACE_TOKENS:
                if (of != Of::values) return;
                throw Error(SPAR_E_UNSUPPORTED,
                            "perturbs values, and the threat edits the words of texts (the space "
                            "\"tokens\")");
            default:
                throw Error(
                    SPAR_E_UNSUPPORTED,
                    "the threat's space is not known to this program: " + std::to_string(space));
        }
    }
};

/// Asks an attack or a method, by its table, whether it works under a threat; throws if not. A
/// table without the slot is older than minor 2, and gets minor 1's norms.
template <class Table>
void require_fit(const Table &table, void *self, const spar_threat &threat) {
    const bool answers =
        table.struct_size >= offsetof(Table, fits) + sizeof table.fits && table.fits != nullptr;
    if (!answers) return Fit().require(threat);
    checked([&](spar_error *e) { return table.fits(self, &threat, e); });
}

}  // namespace spar
