// The kinds of component, by number and by name.
#pragma once

#include <spar/children.hpp>

#include <array>
#include <optional>
#include <string_view>

namespace spar::host {

inline constexpr std::array<spar_kind, 9> all_kinds = {
    SPAR_KIND_DATASET,   SPAR_KIND_MODEL,     SPAR_KIND_LOSS,
    SPAR_KIND_OPTIMIZER, SPAR_KIND_ATTACK,    SPAR_KIND_METHOD,
    SPAR_KIND_REPORTER,  SPAR_KIND_TRANSFORM, SPAR_KIND_TOKENIZER};

/// The kind that spar::kind_name gives this name.
inline std::optional<spar_kind> parse_kind(std::string_view name) {
    for (const spar_kind kind : all_kinds)
        if (name == kind_name(kind)) return kind;
    return std::nullopt;
}

}  // namespace spar::host
